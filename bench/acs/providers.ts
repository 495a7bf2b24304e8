import { createServer, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { AnswerChunks } from '../../emulator/openai/chat-wire.ts';
import { parseUsp } from '../../emulator/speech/usp.ts';
import { listening } from '../../shared/testing/listening.ts';
import { AgentVoice } from '../subjects/agent-voice.ts';
import { serve } from './child.ts';
import type { Clips } from './clips.ts';
import { newRealtimeRecord, ScriptedRealtime } from './scripted-realtime.ts';
import { answerVoices, ClipIndex, ScriptedRecognition, ScriptedSynthesis } from './scripted-speech.ts';

/** Delays of good services, in milliseconds. */
export interface ProviderTiming {
  /** From a word's end to the partial that has it; from the last word's end to the final, with the silence in between. */
  readonly recognition: { readonly partialMs: number; readonly finalMs: number };
  /** From the text to the first audio; from piece to piece of 100 ms. */
  readonly synthesis: { readonly firstAudioMs: number; readonly pieceMs: number };
  readonly chat: { readonly firstTokenMs: number; readonly tokenMs: number };
  /**
   * From the first sound of a caller to `speech_started`; the silence that ends a turn; from there to the answer's first
   * audio; from piece to piece of 100 ms.
   */
  readonly realtime: {
    readonly hearsMs: { readonly usual: number; readonly late: number };
    readonly silenceMs: number;
    readonly answerMs: number;
    readonly pieceMs: number;
  };
}

let realtimeRecord = newRealtimeRecord();

/**
 * A process that plays what the stream host is a client of: Azure Speech on the Speech SDK's own wire, chat completions,
 * Voice Live, and the address of ACS's signing keys. Its answers are canned and its delays set, so that it costs little and is the
 * same in every run.
 */
const api = {
  /** @param jwks the key set that ACS would publish. @returns the port */
  async start({ callers, agent }: Clips, jwks: string, timing: ProviderTiming): Promise<number> {
    const index = new ClipIndex(callers);
    const voice = new AgentVoice(agent.text, agent.samples);
    const turnOf = answerVoices(voice);
    let answers = 0;
    const nextAnswer = () => ({ number: ++answers, text: answerOf(answers) });
    const realtime = { index, voice, timing: timing.realtime, nextAnswer, record: () => realtimeRecord };
    const http = createServer((request, response) => {
      if (request.url === '/calling/keys') response.setHeader('content-type', 'application/json').end(jwks);
      else if (request.url?.endsWith('/chat/completions')) {
        request.resume();
        streamAnswer(nextAnswer().text, timing.chat, response);
      } else response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    });
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    http.on('upgrade', (request, connection, head) => {
      sockets.handleUpgrade(request, connection, head, (socket) => {
        const sends = (data: string | Uint8Array) => socket.send(data);
        socket.on('error', () => {});
        if (request.url?.startsWith('/voice-live/')) {
          const session = new ScriptedRealtime(realtime, sends);
          socket.on('message', (data: Buffer) => session.receive(data.toString()));
          socket.on('close', () => session.close());
          return;
        }
        const speaks = request.url?.includes('/tts/');
        const service = speaks
          ? new ScriptedSynthesis(sends, turnOf, timing.synthesis)
          : new ScriptedRecognition(sends, index, timing.recognition);
        socket.on('message', (data: Buffer, isBinary) => service.receive(parseUsp(data, isBinary)));
        socket.on('close', () => service.close());
      });
    });
    return listening(http);
  },
  /** What the speech-to-speech service has done since it was asked last. */
  realtimeReport() {
    const record = realtimeRecord;
    realtimeRecord = newRealtimeRecord();
    return record;
  },
};
export type ProvidersApi = typeof api;
serve(api);

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
