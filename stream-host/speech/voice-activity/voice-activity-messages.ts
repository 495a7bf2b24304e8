import type { OnnxRuntime } from '../../../shared/audio/onnx-session.ts';
import type { Judged } from './voice-activity-judge.ts';

/** How a voice-activity worker is to run; its `workerData`. */
export interface VoiceActivityWorkerSettings {
  readonly runtime: OnnxRuntime | 'auto';
}

/** What the speech lane and its worker thread say to each other. */
export type ToVoiceActivityWorker =
  /** Judge these frames, end to end; of each, its stream. */
  | { readonly type: 'judge'; readonly streams: readonly number[]; readonly pcm: Uint8Array }
  | { readonly type: 'close'; readonly stream: number };

export type FromVoiceActivityWorker =
  | { readonly type: 'ready'; readonly runtime: OnnxRuntime; readonly nativeProblem: string | undefined }
  /** The answer to one `judge`. */
  | ({ readonly type: 'judged' } & Judged);
