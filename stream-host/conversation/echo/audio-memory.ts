/** The guard looks at the telephone band only, so it keeps half of the samples. */
export const RATE_PER_MS = 8;

/**
 * The newest stretch of an audio stream, at 8 kHz, addressed by absolute sample numbers. What was never written, or lies
 * too far back, reads as silence.
 */
export class AudioMemory {
  readonly #samples: Int16Array;
  #end = 0;
  /** The last three samples at 16 kHz, for the filter, and one that waits for its partner. */
  #first = 0;
  #second = 0;
  #third = 0;
  #waiting: number | undefined;

  /** @param length in samples at 8 kHz, a power of two */
  constructor(length: number) {
    this.#samples = new Int16Array(length);
  }

  /** The number of the next sample to be written. */
  get end(): number {
    return this.#end;
  }

  /** Goes to sample `position`: forward over silence, or back, dropping what was written from there on. */
  moveTo(position: number): void {
    const length = this.#samples.length;
    const from = Math.min(position, this.#end);
    const to = Math.max(position, this.#end);
    if (to - from >= length) this.#samples.fill(0);
    else for (let i = from; i < to; i += 1) this.#samples[i & (length - 1)] = 0;
    this.#end = position;
    this.#waiting = undefined;
  }

  /** Takes PCM16 at 16 kHz. The filter (1 4 6 4 1, -15 dB and better against what folds into the telephone band) is cheap. */
  write(pcm: Uint8Array): void {
    const mask = this.#samples.length - 1;
    let end = this.#end;
    let a = this.#first;
    let b = this.#second;
    let c = this.#third;
    let waiting = this.#waiting;
    for (let at = 0; at + 1 < pcm.length; at += 2) {
      const sample = (((pcm[at] ?? 0) | ((pcm[at + 1] ?? 0) << 8)) << 16) >> 16;
      if (waiting === undefined) {
        waiting = sample;
        continue;
      }
      this.#samples[end & mask] = (a + 4 * b + 6 * c + 4 * waiting + sample) >> 4;
      end += 1;
      a = c;
      b = waiting;
      c = sample;
      waiting = undefined;
    }
    this.#first = a;
    this.#second = b;
    this.#third = c;
    this.#waiting = waiting;
    this.#end = end;
  }

  /** The sample with this absolute number. */
  at(position: number): number {
    const back = this.#end - position;
    return back <= 0 || back > this.#samples.length ? 0 : (this.#samples[position & (this.#samples.length - 1)] ?? 0);
  }
}
