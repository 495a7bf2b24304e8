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

  /** Puts `length` samples of silence in at `position`, which was written: what follows there comes so much later. */
  insertSilence(position: number, length: number): void {
    const later = Int16Array.from({ length: this.#end - position }, (_, i) => this.at(position + i));
    this.moveTo(position);
    this.moveTo(position + length);
    for (const sample of later) {
      this.#samples[this.#end & (this.#samples.length - 1)] = sample;
      this.#end += 1;
    }
  }

  /** Takes PCM16 at 16 kHz. The filter (1 4 6 4 1, -15 dB and better against what folds into the telephone band) is cheap. */
  write(pcm: Uint8Array): void {
    let at = 0;
    if (this.#waiting !== undefined && pcm.length > 1) {
      this.#take(this.#waiting, sampleAt(pcm, 0));
      this.#waiting = undefined;
      at = 2;
    }
    at = this.#takeAll(pcm, at);
    if (at + 1 < pcm.length) this.#waiting = sampleAt(pcm, at);
  }

  /** All pairs of samples from `at` on; fields are kept in variables meanwhile, as this runs for every frame of a call. */
  #takeAll(pcm: Uint8Array, start: number): number {
    const samples = this.#samples;
    const mask = samples.length - 1;
    let end = this.#end;
    let first = this.#first;
    let second = this.#second;
    let third = this.#third;
    let at = start;
    for (; at + 3 < pcm.length; at += 4) {
      const sample = sampleAt(pcm, at);
      const next = sampleAt(pcm, at + 2);
      samples[end & mask] = (first + 4 * second + 6 * third + 4 * sample + next) >> 4;
      end += 1;
      first = third;
      second = sample;
      third = next;
    }
    this.#end = end;
    this.#first = first;
    this.#second = second;
    this.#third = third;
    return at;
  }

  #take(sample: number, next: number): void {
    const filtered = (this.#first + 4 * this.#second + 6 * this.#third + 4 * sample + next) >> 4;
    this.#samples[this.#end & (this.#samples.length - 1)] = filtered;
    this.#end += 1;
    this.#first = this.#third;
    this.#second = sample;
    this.#third = next;
  }

  /** The sample with this absolute number. */
  at(position: number): number {
    const back = this.#end - position;
    return back <= 0 || back > this.#samples.length ? 0 : (this.#samples[position & (this.#samples.length - 1)] ?? 0);
  }
}

function sampleAt(pcm: Uint8Array, at: number): number {
  return (((pcm[at] ?? 0) | ((pcm[at + 1] ?? 0) << 8)) << 16) >> 16;
}
