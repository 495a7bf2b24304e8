import type { OnnxRuntime } from './smart-turn.ts';

/** What a worker of the end-of-turn lane is started with. Without a model it judges by prosody. */
export interface EndOfTurnSettings {
  readonly modelPath?: string | undefined;
  readonly runtime: OnnxRuntime | 'auto';
}

/** PCM16 at 16 kHz, transferred. One at a time: the next one after the answer. */
export interface ToEndOfTurnWorker {
  readonly samples: Int16Array<ArrayBuffer>;
}

export type FromEndOfTurnWorker =
  | { readonly type: 'ready'; readonly method: EndOfTurnMethod }
  /** `failure`: the model broke down, for good; this judgement and all that follow are of prosody. */
  | { readonly type: 'judged'; readonly probability: number; readonly computeMs: number; readonly failure?: string };

export type EndOfTurnMethod = 'model-native' | 'model-wasm' | 'prosody';
