import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { FOURIER_LENGTH, Fourier400 } from './fourier.ts';
import { melFilters } from './mel-filters.ts';

export const MEL_BANDS = 80;
export const MEL_FRAMES = 800;
/** What the features are of: 8 s. */
export const MEL_SAMPLES = 8 * SAMPLE_RATE;

const HOP = 160;
const PAD = FOURIER_LENGTH / 2;
const BINS = PAD + 1;
const POWER_FLOOR = 1e-10;
const VARIANCE_FLOOR = 1e-7;
/** Nothing counts as quieter than 80 dB under the loudest. */
const RANGE_LOG10 = 8;

/**
 * The log-mel spectrogram that Whisper's models hear, of the last 8 s: 80 bands times 800 frames of 10 ms, a band's
 * frames one after the other, about -1 to 1. As `WhisperFeatureExtractor(chunk_length=8)` of Hugging Face's transformers
 * computes it with `do_normalize`, and with silence in front of what is shorter, as Smart Turn v3 wants it. Takes a few
 * milliseconds; keep it in a worker. Owns its scratch memory (1.3 MB).
 */
export class LogMel {
  readonly #fourier = new Fourier400();
  readonly #filters = melFilters(MEL_BANDS, BINS, SAMPLE_RATE);
  readonly #window = Float64Array.from(
    { length: FOURIER_LENGTH },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FOURIER_LENGTH),
  );
  readonly #audio = new Float64Array(MEL_SAMPLES + 2 * PAD);
  readonly #power = [new Float64Array(BINS), new Float64Array(BINS)] as const;

  /**
   * @param samples PCM16 at 16 kHz; of more than 8 s the end counts
   * @returns a new array of 64,000 values
   */
  compute(samples: Int16Array): Float32Array<ArrayBuffer> {
    const heard = samples.subarray(Math.max(0, samples.length - MEL_SAMPLES));
    this.#prepare(heard);
    const features = new Float32Array(MEL_BANDS * MEL_FRAMES);
    // Frames in the silence before the audio are all alike: one is computed, the others are copies.
    const alike = Math.max(0, Math.floor((MEL_SAMPLES - heard.length - PAD) / HOP) - 1);
    const loudest = Math.max(
      this.#spectra(features, 0, Math.min(2, MEL_FRAMES)),
      this.#spectra(features, alike & ~1, MEL_FRAMES),
    );
    for (let band = 0; band < MEL_BANDS; band += 1) {
      const row = features.subarray(band * MEL_FRAMES, (band + 1) * MEL_FRAMES);
      if (alike > 2) row.fill(row[0] ?? 0, 1, alike);
    }
    const floor = loudest - RANGE_LOG10;
    for (let i = 0; i < features.length; i += 1) features[i] = (Math.max(features[i] ?? 0, floor) + 4) / 4;
    return features;
  }

  /** Silence in front, mean 0 and variance 1, and the ends mirrored for the frames that hang over. */
  #prepare(heard: Int16Array): void {
    let sum = 0;
    let squares = 0;
    for (const sample of heard) {
      sum += sample / 32_768;
      squares += (sample / 32_768) ** 2;
    }
    // Rounded as the reference rounds, in single precision: the model is quantised, and small differences grow in it.
    const mean = Math.fround(sum / MEL_SAMPLES);
    const deviation = Math.fround(Math.sqrt(squares / MEL_SAMPLES - mean * mean + VARIANCE_FLOOR));
    const audio = this.#audio;
    const start = PAD + MEL_SAMPLES - heard.length;
    audio.fill(Math.fround(Math.fround(-mean) / deviation), 0, start);
    for (let i = 0; i < heard.length; i += 1) {
      audio[start + i] = Math.fround(Math.fround((heard[i] ?? 0) / 32_768 - mean) / deviation);
    }
    const end = PAD + MEL_SAMPLES;
    for (let i = 1; i <= PAD; i += 1) {
      audio[PAD - i] = audio[PAD + i] ?? 0;
      audio[end - 1 + i] = audio[end - 1 - i] ?? 0;
    }
  }

  /**
   * The decimal logarithms of the bands' power, of two frames in each transform: one as real, one as imaginary part.
   * @returns the largest
   */
  #spectra(features: Float32Array, from: number, until: number): number {
    let loudest = Number.NEGATIVE_INFINITY;
    for (let frame = from; frame < until; frame += 2) {
      this.#transformPair(frame);
      for (const [which, power] of this.#power.entries()) {
        for (const [band, { from: firstBin, weights }] of this.#filters.entries()) {
          let energy = 0;
          for (let k = 0; k < weights.length; k += 1) energy += (weights[k] ?? 0) * (power[firstBin + k] ?? 0);
          const value = Math.log10(Math.max(POWER_FLOOR, energy));
          features[band * MEL_FRAMES + frame + which] = value;
          if (value > loudest) loudest = value;
        }
      }
    }
    return loudest;
  }

  #transformPair(frame: number): void {
    const audio = this.#audio;
    const first = frame * HOP;
    const { re, im } = this.#fourier;
    for (let i = 0; i < FOURIER_LENGTH; i += 1) {
      const weight = this.#window[i] ?? 0;
      re[i] = (audio[first + i] ?? 0) * weight;
      im[i] = (audio[first + HOP + i] ?? 0) * weight;
    }
    this.#fourier.transform();
    const { re: outRe, im: outIm } = this.#fourier;
    const [powerA, powerB] = this.#power;
    for (let k = 0; k < BINS; k += 1) {
      const mirrored = k === 0 ? 0 : FOURIER_LENGTH - k;
      const [a, b, c, d] = [outRe[k] ?? 0, outIm[k] ?? 0, outRe[mirrored] ?? 0, outIm[mirrored] ?? 0];
      powerA[k] = ((a + c) ** 2 + (b - d) ** 2) / 4;
      powerB[k] = ((b + d) ** 2 + (c - a) ** 2) / 4;
    }
  }
}
