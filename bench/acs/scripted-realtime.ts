import type { WebSocket } from 'ws';
import { Faults } from '../../emulator/faults.ts';
import type { Dialect } from '../../emulator/realtime/dialect.ts';
import { RealtimeSession } from '../../emulator/realtime/realtime-session.ts';
import { wait } from '../../emulator/wait.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { AgentVoice } from '../subjects/agent-voice.ts';
import { monotonicMs } from '../time.ts';
import type { Clip } from './clips.ts';
import { answerIn, ScriptedVoices, scriptedEars } from './scripted-speech.ts';

const PIECE_MS = 100;
const LIFETIME_MS = 60 * 60_000;
const TYPE = /"type":"([\w.]+)"/;

/** Delays in milliseconds. */
export interface RealtimeTiming {
  /** From the first sound of an interruption to `speech_started`, for every second one; else it is said at once. */
  readonly lateMs: number;
  /** The silence that ends a turn; from the question for an answer to its first audio; from piece to piece of 100 ms. */
  readonly silenceMs: number;
  readonly answerMs: number;
  readonly pieceMs: number;
}

/** What the service did, for whoever saw the far side of it. Times are of the machine's monotonic clock. */
export const newRealtimeRecord = () => ({
  /** By the number that marks an answer's audio: when each piece of 100 ms was sent. */
  piecesMs: new Map<number, number[]>(),
  /** `input_audio_buffer.speech_started` at an interruption, and the newest answer, which it ended or which was heard. */
  heard: [] as { readonly answer: number; readonly isLate: boolean; readonly sentMs: number }[],
  /** Pieces that were sent of responses that had been cancelled. */
  latePieces: 0,
});
export type RealtimeRecord = ReturnType<typeof newRealtimeRecord>;

/** What the sessions of a process share. */
export interface ScriptedService {
  readonly callers: readonly Clip[];
  readonly anyVoice?: Clip | undefined;
  readonly voice: AgentVoice;
  readonly timing: RealtimeTiming;
  readonly log: Logger;
  readonly nextAnswer: () => string;
  readonly record: () => RealtimeRecord;
}

/**
 * A session of the emulator's that hears and says by heart, Voice Live's or, with ears for any voice, OpenAI's. The audio of
 * each answer is marked with its number; lines that it is told to say have 0. What it sends and when is written down.
 */
export function openScriptedRealtime(socket: WebSocket, dialect: Dialect, service: ScriptedService): void {
  const { callers, timing, log, nextAnswer, record } = service;
  let ids = 0;
  let interruptions = 0;
  /** Of the newest sound of the caller's. */
  let [isInterruption, isLate] = [false, false];
  let isCancelled = false;
  /** Of what is being said. */
  let pieces = 0;
  /** Of the last answer, and of what is being said. */
  let [answer, saying] = [0, 0];

  const startsAfterMs = ({ kind }: Clip) => {
    isInterruption = kind === 'interruption';
    isLate = isInterruption && interruptions++ % 2 === 1;
    return isLate ? timing.lateMs : 0;
  };
  const recognition = { partialMs: 0, finalMs: timing.silenceMs };
  const ears = scriptedEars({ clips: callers, timing: recognition, startsAfterMs, anyVoice: service.anyVoice });
  const scripted = new ScriptedVoices(service.voice);
  const voices = {
    speakSentences(text: string, voice: string) {
      saying = answerIn(text);
      answer = saying || answer;
      pieces = 0;
      return scripted.speakSentences(text, voice);
    },
  };
  const note = (type: string | undefined) => {
    const { heard, piecesMs } = record();
    if (type === 'response.audio.delta' || type === 'response.output_audio.delta') {
      // Of an answer that began before the record its beginning is missing: it is left out.
      if (pieces === 0) piecesMs.set(saying, []);
      pieces += 1;
      piecesMs.get(saying)?.push(monotonicMs());
      if (isCancelled) record().latePieces += 1;
    } else if (type === 'response.created') isCancelled = false;
    else if (type === 'input_audio_buffer.speech_started' && isInterruption) {
      heard.push({ answer, isLate, sentMs: monotonicMs() });
    }
  };
  const send = socket.send.bind(socket);
  Object.assign(socket, {
    send(text: string) {
      note(TYPE.exec(text)?.[1]);
      send(text);
    },
  });
  socket.on('message', (data: Buffer) => {
    if (TYPE.exec(data.toString('latin1', 0, 100))?.[1] === 'response.cancel') isCancelled = true;
  });
  new RealtimeSession(socket, {
    ...{ log, dialect, model: 'bench', agent: null, transcriber: ears, voices, clock: systemClock },
    ...{ faults: new Faults(log), lifetimeMs: LIFETIME_MS, pace: { chunkMs: PIECE_MS, everyMs: timing.pieceMs } },
    newId: (prefix) => `${prefix}_${++ids}`,
    answer: async (_request, signal) => {
      await wait(systemClock, timing.answerMs, signal);
      return { text: nextAnswer(), calls: [] };
    },
  });
}
