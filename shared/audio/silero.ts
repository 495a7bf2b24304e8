import { type LoadedModel, loadSileroModel, type SileroRuntime } from './silero-runtime.ts';

/** Samples in one detector frame: 32 ms at 16 kHz. The model takes no other length. */
export const SILERO_FRAME_SAMPLES = 512;

/** The model wants the end of the frame before in front of each frame; without it v6 finds no speech at all. */
const CONTEXT_SAMPLES = 64;
const INPUT_SAMPLES = CONTEXT_SAMPLES + SILERO_FRAME_SAMPLES;
const LAYERS = 2;
const LAYER_STATE = 128;

/** What the detector remembers of one audio stream. Belongs to one stream and may be used with any {@link Silero}. */
export class SileroStream {
  readonly state = new Float32Array(LAYERS * LAYER_STATE);
  readonly context = new Float32Array(CONTEXT_SAMPLES);

  /** Forgets everything, as before the first frame. */
  reset(): void {
    this.state.fill(0);
    this.context.fill(0);
  }
}

/**
 * Silero voice activity detection, version 6 (MIT, from `@ricky0123/vad-web`), with one thread. One inference serves many
 * streams at once, which costs a third to a half as much a frame as one by one. Blocks its thread while it computes:
 * keep it in a worker.
 */
export class Silero {
  readonly #model: LoadedModel;
  #input = new Float32Array(0);
  #state = new Float32Array(0);
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(model: LoadedModel) {
    this.#model = model;
  }

  /**
   * Reads and compiles the model (2.3 MB): 0.1 to 0.6 s.
   *
   * @param runtime the native one where it works, else WASM; or one to insist on
   * @throws when the package or the runtime is broken
   */
  static async load(runtime: SileroRuntime | 'auto' = 'auto'): Promise<Silero> {
    return new Silero(await loadSileroModel(runtime));
  }

  get runtime(): SileroRuntime {
    return this.#model.runtime;
  }

  /** Why the native runtime is not the one that runs, where it was tried. */
  get nativeProblem(): string | undefined {
    return this.#model.nativeProblem;
  }

  /**
   * The probability of speech in one frame of each stream, in the order given. Moves each stream on by one frame. A
   * stream may appear only once in a call. Calls are computed one after the other.
   *
   * @param frames one for each stream: 512 samples at 16 kHz from -1 to 1
   */
  run(streams: readonly SileroStream[], frames: readonly Float32Array[]): Promise<Float32Array> {
    const result = this.#last.then(() => this.#infer(streams, frames));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Waits for what is being computed, then frees the model. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    await this.#model.session.release();
  }

  async #infer(streams: readonly SileroStream[], frames: readonly Float32Array[]): Promise<Float32Array> {
    const batch = streams.length;
    if (frames.length !== batch) throw new RangeError(`${batch} streams need ${batch} frames, not ${frames.length}`);
    if (batch === 0) return new Float32Array(0);

    const { input, state } = this.#buffers(batch);
    for (const [row, stream] of streams.entries()) {
      const frame = frames[row];
      if (frame?.length !== SILERO_FRAME_SAMPLES) {
        throw new RangeError(`a frame is ${SILERO_FRAME_SAMPLES} samples, not ${frame?.length}`);
      }
      input.set(stream.context, row * INPUT_SAMPLES);
      input.set(frame, row * INPUT_SAMPLES + CONTEXT_SAMPLES);
      for (let layer = 0; layer < LAYERS; layer += 1) {
        const kept = stream.state.subarray(layer * LAYER_STATE, (layer + 1) * LAYER_STATE);
        state.set(kept, (layer * batch + row) * LAYER_STATE);
      }
    }

    const { Tensor, session } = this.#model;
    const outputs = await session.run({
      input: new Tensor('float32', input, [batch, INPUT_SAMPLES]),
      state: new Tensor('float32', state, [LAYERS, batch, LAYER_STATE]),
      sr: new Tensor('int64', BigInt64Array.of(16_000n), []),
    });
    const probabilities = floats(outputs.output);
    const nextState = floats(outputs.stateN);

    for (const [row, stream] of streams.entries()) {
      stream.context.set(input.subarray((row + 1) * INPUT_SAMPLES - CONTEXT_SAMPLES, (row + 1) * INPUT_SAMPLES));
      for (let layer = 0; layer < LAYERS; layer += 1) {
        const start = (layer * batch + row) * LAYER_STATE;
        stream.state.set(nextState.subarray(start, start + LAYER_STATE), layer * LAYER_STATE);
      }
    }
    return probabilities;
  }

  /** Views of the right size on buffers that only grow: no new megabytes for each tick. */
  #buffers(batch: number): { input: Float32Array; state: Float32Array } {
    if (this.#input.length < batch * INPUT_SAMPLES) {
      this.#input = new Float32Array(batch * INPUT_SAMPLES);
      this.#state = new Float32Array(batch * LAYERS * LAYER_STATE);
    }
    return {
      input: this.#input.subarray(0, batch * INPUT_SAMPLES),
      state: this.#state.subarray(0, batch * LAYERS * LAYER_STATE),
    };
  }
}

function floats(tensor: { readonly data: unknown } | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the Silero model gave no float32 output');
  return tensor.data;
}
