import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pino } from 'pino';
import { WebSocketServer } from 'ws';
import { AccessTokens, AUDIENCES } from '../../emulator/identity/access-tokens.ts';
import { ServiceDoor } from '../../emulator/identity/service-door.ts';
import { AnswerChunks } from '../../emulator/openai/chat-wire.ts';
import { openAiDialect } from '../../emulator/realtime/openai-dialect.ts';
import { voiceLiveDialect } from '../../emulator/realtime/voice-live-dialect.ts';
import { RecognitionSocket } from '../../emulator/speech/recognition-socket.ts';
import { SynthesisSocket } from '../../emulator/speech/synthesis-socket.ts';
import { systemClock } from '../../shared/clock.ts';
import { listening } from '../../shared/testing/listening.ts';
import { serve } from '../child.ts';
import { AgentVoice } from '../subjects/agent-voice.ts';
import type { Clips } from './clips.ts';
import { newRealtimeRecord, openScriptedRealtime, type RealtimeTiming } from './scripted-realtime.ts';
import { ScriptedEars, ScriptedVoices, type SpeechTiming } from './scripted-speech.ts';

/** Delays of good services, in milliseconds. */
export interface ProviderTiming extends SpeechTiming {
  readonly chat: { readonly firstTokenMs: number; readonly tokenMs: number };
  readonly realtime: RealtimeTiming;
}

const doorCounts = { accepted: 0, refused: 0 };
let realtimeRecord = newRealtimeRecord();

/**
 * A process that plays what the stream host is a client of: Azure Speech and Voice Live as the emulator speaks them, chat
 * completions, and the address of ACS's signing keys. Its answers are canned and its delays set, so that it costs little
 * and is the same in every run.
 */
const api = {
  /**
   * @param jwks the key set that ACS would publish
   * @param tokensFolder where the key is with which the tokens are signed that whoever asks must show; without it anybody may
   * @returns the port
   */
  async start({ callers, agent }: Clips, jwks: string, timing: ProviderTiming, tokensFolder?: string): Promise<number> {
    const isAllowed = await doorOf(tokensFolder);
    const log = pino({ level: 'silent' });
    const voice = new AgentVoice(agent.text, agent.samples);
    const [ears, voices] = [new ScriptedEars(callers, timing.recognition), new ScriptedVoices(voice, timing.synthesis)];
    let answers = 0;
    const nextAnswer = () => answerOf(++answers);
    const realtime = { callers, voice, log, nextAnswer, timing: timing.realtime, record: () => realtimeRecord };
    const http = createServer((request, response) => {
      if (request.url === '/calling/keys') response.setHeader('content-type', 'application/json').end(jwks);
      else if (!isAllowed(request)) response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
      else if (request.url?.endsWith('/chat/completions')) {
        request.resume();
        streamAnswer(nextAnswer(), timing.chat, response);
      } else response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    });
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    http.on('upgrade', (request, connection, head) => {
      if (!isAllowed(request)) return connection.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      sockets.handleUpgrade(request, connection, head, (socket) => {
        const { url = '' } = request;
        if (url.startsWith('/voice-live/')) openScriptedRealtime(socket, voiceLiveDialect, realtime);
        else if (url.startsWith('/realtime'))
          openScriptedRealtime(socket, openAiDialect, { ...realtime, anyVoice: callers[0] });
        else if (url.includes('/tts/')) new SynthesisSocket(socket, voices, log);
        else new RecognitionSocket(socket, ears, log);
      });
    });
    return listening(http);
  },
  /** Requests and sockets that were taken, and those refused for what they showed. */
  doorReport: () => doorCounts,
  /** What the speech-to-speech service has done since it was asked last. */
  realtimeReport() {
    const record = realtimeRecord;
    realtimeRecord = newRealtimeRecord();
    return record;
  },
};
export type ProvidersApi = typeof api;
serve(api);

async function doorOf(folder: string | undefined): Promise<(request: IncomingMessage) => boolean> {
  const tokens = folder === undefined ? undefined : await AccessTokens.open(systemClock, folder);
  const door = new ServiceDoor({ tokens }, AUDIENCES.ai);
  return ({ headers: { authorization } }) => {
    const isIn = tokens === undefined || door.admits({ keys: [], authorization });
    doorCounts[isIn ? 'accepted' : 'refused'] += 1;
    return isIn;
  };
}

/** Some twelve seconds. Each clause names its answer, so that its sound can be told from any other answer’s. */
const answerOf = (answer: number): string =>
  `This is answer ${answer}, and answer ${answer} has all that I could find for you. ` +
  `With answer ${answer} you learn that the parcel left our house early in the morning. ` +
  `At last answer ${answer} tells you that the driver will ring twice at your door.`;

/** Every question gets a long answer of three sentences, streamed as server-sent events. */
function streamAnswer(text: string, { firstTokenMs, tokenMs }: ProviderTiming['chat'], response: ServerResponse) {
  const chunks = new AnswerChunks('bench').of({ text, calls: [] });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const step = () => {
    const { done, value } = chunks.next();
    if (done) return response.end('data: [DONE]\n\n');
    response.write(`data: ${JSON.stringify(value)}\n\n`);
    timer = setTimeout(step, tokenMs);
  };
  let timer = setTimeout(step, firstTokenMs);
  response.on('close', () => clearTimeout(timer));
}
