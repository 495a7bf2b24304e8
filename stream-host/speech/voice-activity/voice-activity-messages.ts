import type { SileroRuntime } from '../../../shared/audio/silero-runtime.ts';

/** How a voice-activity worker is to run; its `workerData`. */
export interface VoiceActivityWorkerSettings {
  readonly runtime: SileroRuntime | 'auto';
}

/** What the speech lane and its worker threads say to each other. Frames and answers are in the sessions' memory. */
export type ToVoiceActivityWorker =
  | { readonly type: 'open'; readonly stream: number; readonly memory: SharedArrayBuffer }
  /** Judge what each stream's memory asks for. */
  | { readonly type: 'judge' }
  | { readonly type: 'close'; readonly stream: number };

export type FromVoiceActivityWorker =
  | { readonly type: 'ready'; readonly runtime: SileroRuntime; readonly nativeProblem: string | undefined }
  /** The answer to one `judge`. `inferred`: how many frames the model saw; the gate answered the rest. */
  | { readonly type: 'judged'; readonly inferred: number };
