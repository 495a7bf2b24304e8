import type { HABITS } from './caller-script.ts';
import type { HistogramJson } from './histogram.ts';
import type { ChatTiming } from './scripted-chat.ts';
import type { RecognitionTiming } from './scripted-recognition.ts';
import type { SynthesisTiming } from './scripted-synthesis.ts';

/** What the processes of the load test tell each other. All times are of {@link monotonicMs}. */

export interface ProvidersStart {
  readonly folder: string;
  /** The key set that ACS would publish. */
  readonly jwks: string;
  readonly recognition: RecognitionTiming;
  readonly synthesis: SynthesisTiming;
  readonly chat: ChatTiming;
}

export interface ProvidersReady {
  readonly type: 'ready';
  readonly port: number;
}

export interface PhonesStart {
  readonly folder: string;
  readonly seed: number;
  /** Of the hosts' media sockets: calls are dealt to them in turn. */
  readonly urls: readonly string[];
  readonly habits: keyof typeof HABITS;
  readonly token: string;
}

export type ToPhones =
  | { readonly type: 'start'; readonly options: PhonesStart }
  /** Places calls, `perSecond` of them a second. Each id is that of a session, and of its call. */
  | { readonly type: 'dial'; readonly ids: readonly string[]; readonly perSecond: number }
  | { readonly type: 'measure'; readonly blockMs: number; readonly blocks: number }
  | { readonly type: 'report' }
  /** Ends all calls but this many. */
  | { readonly type: 'hang-up'; readonly keep: number };

export type FromPhones =
  | { readonly type: 'ready' }
  | { readonly type: 'dialled'; readonly outcomes: readonly DialOutcome[] }
  | { readonly type: 'report'; readonly report: PhonesReport };

/** What became of an attempt to connect: the HTTP status and error code of a refusal. */
export type DialOutcome =
  | { readonly id: string; readonly outcome: 'connected' }
  | { readonly id: string; readonly outcome: 'refused'; readonly status: number; readonly code: string };

/** A StopAudio as the far side saw it. */
export interface SeenStop {
  /** Of the far side's socket: tells which call it is. */
  readonly port: number;
  readonly receivedMs: number;
  /** When the first frame of the caller's speech was sent that it answers; absent where nobody had cut in. */
  readonly onsetMs?: number;
}

/** One stretch of the measurement, for the spread. */
export interface PhonesBlock {
  readonly jitter: HistogramJson;
  readonly stops: readonly SeenStop[];
  readonly counts: PhoneCounts;
}

/** What was counted on all lines. */
export interface PhoneCounts {
  /** Frames of the agent's voice. */
  frames: number;
  /** Frames that came after the far side had played all that it had, in the middle of an answer. */
  lateFrames: number;
  /** Silence that these caused. */
  gapMs: number;
  /** Frames of an answer that a StopAudio had ended, or of one before it; those that are said again do not count. */
  oldFrames: number;
  /** Answers that were taken up again after a StopAudio, from where the caller had heard them. */
  resumptions: number;
  /** Frames of an answer that never came, and those that came twice. */
  lostFrames: number;
  repeatedFrames: number;
  /** Answers that became audible, and those that the caller cut off. */
  answers: number;
  interruptions: number;
  /** Interruptions that the agent did not heed in time. */
  missedInterruptions: number;
  /** StopAudio although the caller had said nothing. */
  uncalledStops: number;
  /** Turns of the caller that got no answer in time. */
  unanswered: number;
  /** Lines that the host closed. */
  closed: number;
}

export const newCounts = (): PhoneCounts => ({
  frames: 0,
  lateFrames: 0,
  gapMs: 0,
  oldFrames: 0,
  resumptions: 0,
  lostFrames: 0,
  repeatedFrames: 0,
  answers: 0,
  interruptions: 0,
  missedInterruptions: 0,
  uncalledStops: 0,
  unanswered: 0,
  closed: 0,
});

export interface PhonesReport {
  readonly blocks: readonly PhonesBlock[];
  /** From the end of the caller's speech to the first frame of the answer. */
  readonly response: HistogramJson;
  /** How late this process itself was in sending: what its own receiving times may be wrong by. */
  readonly ownLateness: HistogramJson;
  readonly closures: readonly string[];
}

export type ToProbe =
  | { readonly type: 'measure'; readonly profileTo?: string }
  | { readonly type: 'report' }
  /** Collects the garbage, which stalls the host, and tells what is left. */
  | { readonly type: 'collect' };

/** A StopAudio as the host sent it. */
export interface SentStop {
  /** Of the far side's socket. */
  readonly port: number;
  /** When the judgement that led to it had reached the host's main thread. */
  readonly decidedMs: number;
  readonly sentMs: number;
}

export interface ProbeReport {
  readonly stops: readonly SentStop[];
  readonly elapsedMs: number;
  /** All threads. */
  readonly cpuMs: number;
  /** The main thread's share of it. */
  readonly mainThreadCpuMs: number;
  /** How long the main thread was ready to run while all cores were taken. NaN where the system does not tell. */
  readonly waitedForCpuMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** From the arrival of the message with a frame's last sample to when the engine has the verdict on it. */
  readonly verdict: HistogramJson;
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export type FromProbe =
  | { readonly type: 'measuring' }
  /** What the main thread holds: its heap, and what that keeps alive outside of it. */
  | { readonly type: 'collected'; readonly liveMb: number }
  | { readonly type: 'report'; readonly report: ProbeReport };

export interface RecogniserAloneStart {
  readonly folder: string;
  readonly speechHost: string;
  readonly calls: number;
  readonly seconds: number;
  readonly silent: boolean;
}

export interface FromRecogniserAlone {
  readonly type: 'used';
  readonly parts: readonly { readonly cpuMs: number; readonly elapsedMs: number; readonly rssMb: number }[];
  /** Phrases that were heard: proof that the recognisers were at work. */
  readonly phrases: number;
}
