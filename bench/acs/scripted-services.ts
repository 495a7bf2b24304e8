import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { AnswerChunks } from '../../emulator/openai/chat-wire.ts';
import { type Pace, sendInTime } from '../../emulator/openai/openai-service.ts';
import { openAiDialect } from '../../emulator/realtime/openai-dialect.ts';
import { voiceLiveDialect } from '../../emulator/realtime/voice-live-dialect.ts';
import type { EmulatedService } from '../../emulator/server.ts';
import { RecognitionSocket } from '../../emulator/speech/recognition-socket.ts';
import { SynthesisSocket } from '../../emulator/speech/synthesis-socket.ts';
import { agentVoice } from '../subjects/agent-voice.ts';
import type { Clips } from './clips.ts';
import {
  newRealtimeRecord,
  openScriptedRealtime,
  type RealtimeRecord,
  type RealtimeTiming,
} from './scripted-realtime.ts';
import { ScriptedVoices, type SpeechTiming, scriptedEars } from './scripted-speech.ts';

/** Delays of good services, in milliseconds. */
export interface ProviderTiming extends SpeechTiming {
  readonly chat: Pace;
  readonly realtime: RealtimeTiming;
}

/**
 * Azure Speech, chat completions and Voice Live as the emulator speaks them, with answers that are canned and delays that are
 * set: they cost little, and are the same in every run.
 */
export class ScriptedServices implements EmulatedService {
  readonly #timing: ProviderTiming;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #open: readonly (readonly [path: RegExp, open: (socket: WebSocket) => void])[];
  #record = newRealtimeRecord();
  #answers = 0;
  readonly #nextAnswer = (): string => answerOf(++this.#answers);

  constructor({ callers, agent }: Clips, timing: ProviderTiming) {
    this.#timing = timing;
    const log = pino({ level: 'silent' });
    const voice = agentVoice(agent);
    const ears = scriptedEars({ clips: callers, timing: timing.recognition });
    const voices = new ScriptedVoices(voice, timing.synthesis);
    const nextAnswer = this.#nextAnswer;
    const realtime = { callers, voice, log, nextAnswer, timing: timing.realtime, record: () => this.#record };
    const openAi = { ...realtime, anyVoice: callers[0] };
    this.#open = [
      [/^\/voice-live\//, (socket) => openScriptedRealtime(socket, voiceLiveDialect, realtime)],
      [/^(?:\/openai\/v1)?\/realtime/, (socket) => openScriptedRealtime(socket, openAiDialect, openAi)],
      [/\/tts\//, (socket) => void new SynthesisSocket(socket, voices, log)],
      [/^\/(?:speech|stt)\//, (socket) => void new RecognitionSocket(socket, ears, log)],
    ];
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!request.url?.endsWith('/chat/completions')) return false;
    request.resume();
    void this.#streamAnswer(response);
    return true;
  }

  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): boolean {
    const [, open] = this.#open.find(([path]) => path.test(request.url ?? '')) ?? [];
    if (open) this.#sockets.handleUpgrade(request, connection, head, open);
    return open !== undefined;
  }

  /** What the speech-to-speech service has done since it was asked last. */
  takeRealtimeRecord(): RealtimeRecord {
    const record = this.#record;
    this.#record = newRealtimeRecord();
    return record;
  }

  /** Every question gets a long answer of three sentences, streamed as server-sent events. */
  async #streamAnswer(response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const chunks = new AnswerChunks('bench').of({ text: this.#nextAnswer(), calls: [] });
    await sendInTime(response, chunks, this.#timing.chat, gone.signal);
    response.end('data: [DONE]\n\n');
  }
}

/** Some twelve seconds. Each clause names its answer, so that its sound can be told from any other answer’s. */
const answerOf = (answer: number): string =>
  `This is answer ${answer}, and answer ${answer} has all that I could find for you. ` +
  `With answer ${answer} you learn that the parcel left our house early in the morning. ` +
  `At last answer ${answer} tells you that the driver will ring twice at your door.`;
