/** What the speech lane and its worker threads say to each other. */
export type ToVoiceActivityWorker =
  /**
   * Detector frames of many streams. `streams[i]` owns `samples[i * 512 … (i + 1) * 512]`; a stream's own frames are in
   * order, and the n-th frames of all streams stand before any (n+1)-th. The samples are transferred.
   */
  | { readonly type: 'frames'; readonly streams: Uint32Array; readonly samples: Int16Array<ArrayBuffer> }
  | { readonly type: 'forget'; readonly stream: number };

export type FromVoiceActivityWorker =
  | { readonly type: 'ready' }
  /** The answer to one `frames`, in its order. `inferred`: how many of them the model saw; the gate answered the rest. */
  | { readonly type: 'probabilities'; readonly values: Float32Array<ArrayBuffer>; readonly inferred: number };
