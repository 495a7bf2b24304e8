/** Zero crossings of the sinc on each side: enough that speech keeps its band and nothing audible folds back. */
const ZERO_CROSSINGS = 12;

/**
 * Changes the sample rate of a stream that comes in pieces: a polyphase filter with a Hann-windowed sinc. One for each
 * stream, as it remembers the end of the last piece. Its delay is half the filter: below one millisecond at 48 kHz.
 */
export class StreamResampler {
  readonly #step: number;
  readonly #phases: readonly Float32Array[];
  readonly #taps: number;
  #pending: Float32Array;
  /** Of the next output sample: the first input sample under the filter, and the phase. */
  #index = 0;
  #phase = 0;

  /** @param fromHz and @param toHz whole numbers */
  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    const phaseCount = toHz / divisor;
    this.#step = fromHz / divisor;
    const cutoff = Math.min(1, toHz / fromHz) * 0.95;
    const half = Math.ceil(ZERO_CROSSINGS / cutoff);
    this.#taps = 2 * half;
    this.#phases = Array.from({ length: phaseCount }, (_, phase) => filterPhase(phase / phaseCount, half, cutoff));
    this.#pending = new Float32Array(half - 1);
  }

  /** Takes the next piece and returns what it completes; over time, as many samples as the rates' ratio says. */
  process(piece: Float32Array): Float32Array<ArrayBuffer> {
    const input = new Float32Array(this.#pending.length + piece.length);
    input.set(this.#pending);
    input.set(piece, this.#pending.length);
    const output: number[] = [];
    while (this.#index + this.#taps <= input.length) {
      const filter = this.#phases[this.#phase];
      let sum = 0;
      for (let tap = 0; tap < this.#taps; tap += 1) sum += (input[this.#index + tap] ?? 0) * (filter?.[tap] ?? 0);
      output.push(sum);
      this.#phase += this.#step;
      this.#index += Math.floor(this.#phase / this.#phases.length);
      this.#phase %= this.#phases.length;
    }
    const used = Math.min(this.#index, input.length);
    this.#pending = input.slice(used);
    this.#index -= used;
    return Float32Array.from(output);
  }
}

function filterPhase(fraction: number, half: number, cutoff: number): Float32Array {
  const filter = new Float32Array(2 * half);
  let sum = 0;
  for (let tap = 0; tap < filter.length; tap += 1) {
    const distance = tap - (half - 1) - fraction;
    const angle = Math.PI * distance * cutoff;
    const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
    const weight = sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / half));
    filter[tap] = weight;
    sum += weight;
  }
  return filter.map((weight) => weight / sum);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
