import type { RecogniserEvent } from '../corpus/recogniser-script.ts';

/**
 * What the driver (the load generator) and a subject (a process that holds N sessions of a system under test) say to each
 * other over `child.ts`: the driver calls {@link SubjectApi}, the subject tells batches of {@link SubjectEvent}. `atMs`
 * everywhere: the machine's monotonic clock at the moment the system under test called its sink, not when it was sent.
 * Order counts. Every 20 ms the driver calls `audio` once, with the frames of all sessions.
 *
 * Fakes that a subject brings, the same for every system:
 * - Recogniser: says what `hear` tells it to say, at once. It drops the audio.
 * - Language model: asked, it tells `thinking`, waits `firstTokenMs`, then gives `answer` word by word, `tokenMs` apart.
 * - Synthesiser: waits `firstAudioMs`, then gives pieces of 100 ms at once: the audio of the voice, from where the turn's
 *   last synthesis ended, n characters as long as n of the voice's own, with a position mark (`position-mark.ts`).
 * - Sink: tells agent audio in 20 ms frames as it gets it; a system that hands over audio faster than real time is held
 *   back by a queue of 200 ms on the subject's side, or paces itself.
 */
export type SubjectApi = {
  /** Loads models and starts threads. */
  start(voice: { readonly text: string; readonly pcm: Uint8Array }): Promise<void>;
  /** Resolves when the session takes audio, and when all that it held is given back. */
  open(session: number, settings: SessionSettings): Promise<void>;
  close(session: number): Promise<void>;
  /** PCM16LE mono 16 kHz: 640 bytes for each of the sessions. */
  audio(sessions: readonly number[], pcm: Uint8Array): void;
  hear(session: number, words: Words): void;
  /** @param collect run the garbage collector first, where the subject can */
  usage(collect: boolean): Usage;
};

/** How one session behaves. */
export interface SessionSettings {
  /** Said by the agent as soon as the session is open. Empty: the agent listens. */
  readonly greeting: string;
  /** What the language model answers to everything. */
  readonly answer: string;
  readonly llm: { readonly firstTokenMs: number; readonly tokenMs: number };
  readonly tts: { readonly firstAudioMs: number };
  /** Settings of the system under test; each subject knows its own. */
  readonly policy: Readonly<Record<string, unknown>>;
}

/** What the recogniser says now, and where in the audio that the session was sent. */
export type Words = Omit<RecogniserEvent, 'atMs'>;

/** Since the process's start: CPU of all threads, and memory. */
export interface Usage {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** Objects and buffers of the language's heap; 0 where it cannot tell. */
  readonly heapUsedBytes: number;
}

export type SubjectEvent =
  /** Frames of the agents' voices: 640 bytes for each of the sessions. */
  | {
      readonly type: 'audio';
      readonly sessions: readonly number[];
      readonly atMs: readonly number[];
      readonly pcm: Uint8Array;
    }
  /** The sink was told to be silent (paused or cleared); the far side drops what it has not played yet. */
  | { readonly type: 'stop'; readonly session: number; readonly atMs: number }
  /** The language model is asked. The system may still throw the answer away. */
  | { readonly type: 'thinking'; readonly session: number; readonly atMs: number; readonly text: string }
  | { readonly type: 'fault'; readonly session: number; readonly message: string };
