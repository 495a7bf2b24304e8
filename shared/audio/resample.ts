import { bytesOf, samplesOf } from './pcm.ts';

/** Of the lower rate's bandwidth, how much passes untouched: 6.8 kHz at 16 kHz. What lies above it fades out. */
const PASSBAND = 0.85;
/** How far images and aliases stay below the signal. */
const REJECTION_DB = 65;
/** Kaiser's rule for the window that reaches {@link REJECTION_DB}. */
const KAISER_BETA = 0.1102 * (REJECTION_DB - 8.7);

/**
 * Changes the sample rate of a stream of PCM16 mono: a polyphase low-pass filter (Kaiser-windowed sinc) that remembers
 * the end of each chunk, so that chunks of any length come out as one seamless stream. Delays the sound by 2 ms or less
 * at 16 kHz and above, 4 ms at 8 kHz. Allocates nothing but its output.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  /** One row for each phase, its taps ordered as the samples are: oldest first. */
  readonly #taps: readonly Float32Array[];
  readonly #span: number;
  /** The last `span - 1` samples of the past, then room for a chunk. */
  #window: Float32Array;
  /** Position of the next output sample, in steps of 1/up of an input sample after the past. */
  #position = 0;
  #oddByte: number | undefined;

  /** @param fromHz and `toHz`: whole numbers; common pairs such as 16, 24 and 48 kHz are cheap, 44.1 kHz is not */
  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    this.#taps = this.#up === this.#down ? [] : designPhases(fromHz, toHz, this.#up);
    this.#span = this.#taps[0]?.length ?? 1;
    this.#window = new Float32Array(this.#span - 1);
  }

  /** Multiplications for each sample that comes out: what the change of rate costs. None where the rates agree. */
  get tapsPerSample(): number {
    return this.#taps[0]?.length ?? 0;
  }

  /**
   * Takes the next piece of the stream and gives what can be told of its other form by now. After `n` samples in, all
   * calls together have given `ceil(n * to / from)` samples.
   */
  write(pcm: Uint8Array): Uint8Array {
    if (this.#up === this.#down) return pcm;
    const input = this.#wholeSamples(pcm);
    const past = this.#span - 1;
    this.#append(input, past);

    const end = input.length * this.#up;
    const output = new Int16Array(Math.max(0, Math.ceil((end - this.#position) / this.#down)));
    for (let i = 0; i < output.length; i += 1) {
      const phase = this.#position % this.#up;
      output[i] = this.#filter((this.#position - phase) / this.#up, phase);
      this.#position += this.#down;
    }
    this.#position -= end;
    this.#window.copyWithin(0, input.length, input.length + past);
    return bytesOf(output);
  }

  /** Forgets what came before, as for a new stream. */
  reset(): void {
    this.#window.fill(0);
    this.#position = 0;
    this.#oddByte = undefined;
  }

  #filter(start: number, phase: number): number {
    const taps = this.#taps[phase] ?? this.#window;
    const window = this.#window;
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) sum += (taps[tap] ?? 0) * (window[start + tap] ?? 0);
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }

  #append(input: Int16Array, past: number): void {
    if (this.#window.length < past + input.length) {
      const wider = new Float32Array(past + input.length);
      wider.set(this.#window.subarray(0, past));
      this.#window = wider;
    }
    this.#window.set(input, past);
  }

  /** A chunk may end in the middle of a sample: its odd byte waits for the next chunk. */
  #wholeSamples(pcm: Uint8Array): Int16Array {
    if (this.#oddByte === undefined && pcm.length % 2 === 0) return samplesOf(pcm);
    const kept = this.#oddByte === undefined ? [] : [this.#oddByte];
    const joined = new Uint8Array(kept.length + pcm.length);
    joined.set(kept);
    joined.set(pcm, kept.length);
    this.#oddByte = joined.length % 2 === 1 ? joined.at(-1) : undefined;
    return samplesOf(joined);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The prototype low-pass at `up` times the input rate, dealt out to its phases. Each phase keeps a level of 1. */
function designPhases(fromHz: number, toHz: number, up: number): Float32Array[] {
  const rate = fromHz * up;
  const stopHz = Math.min(fromHz, toHz) / 2;
  const passHz = stopHz * PASSBAND;
  const transition = (2 * Math.PI * (stopHz - passHz)) / rate;
  const span = Math.ceil((REJECTION_DB - 8) / (2.285 * transition) / up) + 1;
  const length = span * up;
  const cutoff = (passHz + stopHz) / rate;

  const phases = Array.from({ length: up }, () => new Float32Array(span));
  for (let i = 0; i < length; i += 1) {
    const x = i - (length - 1) / 2;
    const window = besselI0(KAISER_BETA * Math.sqrt(1 - ((2 * x) / (length - 1)) ** 2)) / besselI0(KAISER_BETA);
    const tap = cutoff * sinc(cutoff * x) * window;
    const phase = phases[i % up];
    if (phase) phase[span - 1 - Math.floor(i / up)] = tap * up;
  }
  for (const phase of phases) {
    const level = phase.reduce((sum, tap) => sum + tap, 0);
    for (const [i, tap] of phase.entries()) phase[i] = tap / level;
  }
  return phases;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function of the first kind, order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
