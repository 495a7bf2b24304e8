import type { AudioMemory } from './audio-memory.ts';
import { FourierTransform } from './fourier.ts';

/** A window of 32 ms at 8 kHz, moved by 16 ms. */
const WINDOW = 256;
export const HOP = 128;
/** 300 to 3,400 Hz, in bins of 31.25 Hz. */
const LOWEST_BIN = 10;
const BAND_EDGES = [10, 14, 18, 22, 26, 30, 35, 40, 46, 52, 59, 66, 74, 82, 91, 100, 109];
const BANDS = BAND_EDGES.length - 1;
const BINS = 99;
/** How fast a room's reverberation is taken to fade from hop to hop (-2.4 dB: a reverberation time of 0.4 s). */
const FADE = 0.575;
/** The line's noise is never taken to be less than this (per bin): rounding and companding make it. */
const LEAST_NOISE = 8000;
/** Companding adds noise in proportion to the loudest of a frame. */
const COMPANDING = 10 ** -3;
/** So many samples of a hop (8 ms) may be exactly zero, as they are where frames were lost. */
const MOST_MISSING = 64;
const STEP_SIZE = 0.25;
const FORGETTING = 0.97;
/** What is left is followed upwards faster than down: towards its upper range, not its mean. */
const RISE = 2.5;
/** A path just found is expected to leave at least and at most this much of the echo, by its gain over all bands. */
const DOUBT = 0.3;
const MOST_LEFT = 3;
/** However well the path seems to be known, this much of the echo is expected to be left (-14 dB): paths move. */
const LEAST_LEFT = 0.04;

const HANN = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW));

// Scratch: the spectra of the hop that is being looked at.
const transform = new FourierTransform(WINDOW);
const lineReal = new Float64Array(WINDOW);
const lineImaginary = new Float64Array(WINDOW);
const playedReal = new Float64Array(WINDOW);
const playedImaginary = new Float64Array(WINDOW);
const residualReal = new Float64Array(WINDOW);
const residualImaginary = new Float64Array(WINDOW);

/**
 * What the agent's voice looks like when it comes back at a known delay. For every frequency a complex gain predicts the
 * echo's waveform and takes it off; for every band a tracker knows how much is usually left of it (reverberation,
 * distortion, a path that moves). What exceeds that, and the line's noise, is somebody else.
 */
export class EchoModel {
  readonly #gainReal = new Float64Array(BINS);
  readonly #gainImaginary = new Float64Array(BINS);
  readonly #playedPower = new Float64Array(BINS);
  /** Per band: the played power with its fading past; what is left of the echo relative to that; the line's noise. */
  readonly #sounding = new Float64Array(BANDS);
  readonly #leftOver = new Float64Array(BANDS);
  readonly #noise = new Float64Array(BANDS);
  /** Per band, over the hops that were learned from: the echo's power and that of what was sounding. */
  readonly #echoSum = new Float64Array(BANDS);
  readonly #soundingSum = new Float64Array(BANDS);
  readonly #left = new Float64Array(BANDS);
  readonly #lineBand = new Float64Array(BANDS);
  #linePower = 0;
  #sentPower = 0;
  /** A piece of the line is missing in this hop. Its edges would look like somebody else. */
  #isBroken = false;
  /** Over the hops that were learned from, newer ones counting more: their power, what of it was left, what was sent. */
  #seen = { hops: 0, line: 0, left: 0, sent: 0 };

  /** @param before a model of the same line, which knows its noise */
  constructor(before?: EchoModel) {
    if (before) this.#noise.set(before.#noise);
    else this.#noise.fill(Number.POSITIVE_INFINITY);
  }

  /** The echo's level relative to what was played. */
  get gainDb(): number {
    return 10 * Math.log10((this.#seen.line + 1) / (this.#seen.sent + 1));
  }

  /** How many hops with sound in them were learned from since the last {@link fit}. */
  get hopsSeen(): number {
    return this.#seen.hops;
  }

  /**
   * How much of those hops was taken off as a waveform, before it was learned from: near 1 for a dry echo, 0.3 in a
   * room, about 0 when the path is none and somebody's voice was only taken for an echo by its loudness.
   */
  get coherence(): number {
    return 1 - this.#seen.left / (this.#seen.line + 1);
  }

  /** Forgets what sounded before: hops were left out. */
  skip(): void {
    this.#sounding.fill(0);
  }

  /** Starts anew from hops that are taken for echo, most of them. */
  fit(line: AudioMemory, played: AudioMemory, firstHop: number, lastHop: number, delay: number): void {
    this.skip();
    this.#gainReal.fill(0);
    this.#gainImaginary.fill(0);
    this.#playedPower.fill(0);
    for (let hop = firstHop; hop <= lastHop; hop += 1) {
      transformHop(line, played, hop, delay);
      for (let i = 0; i < BINS; i += 1) {
        const k = LOWEST_BIN + i;
        const xr = lineReal[k] ?? 0;
        const xi = lineImaginary[k] ?? 0;
        const rr = playedReal[k] ?? 0;
        const ri = playedImaginary[k] ?? 0;
        this.#gainReal[i] = (this.#gainReal[i] ?? 0) + xr * rr + xi * ri;
        this.#gainImaginary[i] = (this.#gainImaginary[i] ?? 0) + xi * rr - xr * ri;
        this.#playedPower[i] = (this.#playedPower[i] ?? 0) + rr * rr + ri * ri;
      }
    }
    const hops = lastHop - firstHop + 1;
    const total = this.#playedPower.reduce((sum, power) => sum + power, 0) / BINS;
    for (let i = 0; i < BINS; i += 1) {
      const power = (this.#playedPower[i] ?? 0) + 0.003 * total + 1;
      this.#gainReal[i] = (this.#gainReal[i] ?? 0) / power;
      this.#gainImaginary[i] = (this.#gainImaginary[i] ?? 0) / power;
      this.#playedPower[i] = power / hops;
    }
    const ratios = Array.from({ length: BANDS }, (): number[] => []);
    let linePower = 0;
    let sentPower = 0;
    for (let hop = firstHop; hop <= lastHop; hop += 1) {
      this.#analyse(line, played, hop, delay);
      linePower += this.#linePower;
      sentPower += this.#sentPower;
      for (let band = 0; band < BANDS; band += 1) {
        const sounding = this.#sounding[band] ?? 0;
        // Where next to nothing sounded, the line's noise would pass for a huge echo.
        if (sounding > 0.1 * this.#usuallyPlayed(band)) ratios[band]?.push((this.#left[band] ?? 0) / sounding);
      }
    }
    this.#seen = { hops: 0, line: linePower, left: 0.7 * linePower, sent: sentPower };
    const gain = linePower / (sentPower + 1);
    for (const [band, values] of ratios.entries()) {
      values.sort((a, b) => a - b);
      // The gains were fitted to these very hops, so that too little is left; a band may have had next to no sound in them.
      const left = 1.6 * (values[values.length >> 1] ?? 0);
      this.#leftOver[band] = Math.min(MOST_LEFT * gain, Math.max(left, DOUBT * gain));
      this.#soundingSum[band] = sentPower / BANDS;
      this.#echoSum[band] = DOUBT * (linePower / BANDS);
    }
  }

  /**
   * Looks at one hop (hops must come in order; see {@link skip}). Returns how much of it is not echo: 0 none, 1 all bands
   * far above what the echo leaves. Call {@link learn} if the hop was echo after all.
   */
  score(line: AudioMemory, played: AudioMemory, hop: number, delay: number): number {
    this.#analyse(line, played, hop, delay);
    if (this.#isBroken) return 0;
    let sum = 0;
    for (let band = 0; band < BANDS; band += 1) {
      const expected = (this.#leftOver[band] ?? 0) * (this.#sounding[band] ?? 0) + this.#noiseIn(band);
      const excess = 10 * Math.log10(((this.#left[band] ?? 0) + 1) / expected);
      sum += Math.min(1, Math.max(0, (excess - 4) / 8));
    }
    return sum / BANDS;
  }

  /** The hop scored last was echo, or nothing: follow the path. */
  learn(): void {
    if (this.#isBroken) return;
    this.#count();
    for (let i = 0; i < BINS; i += 1) {
      const k = LOWEST_BIN + i;
      const rr = playedReal[k] ?? 0;
      const ri = playedImaginary[k] ?? 0;
      const now = rr * rr + ri * ri;
      const power = Math.max(now, 0.9 * (this.#playedPower[i] ?? 0) + 0.1 * now);
      this.#playedPower[i] = 0.9 * (this.#playedPower[i] ?? 0) + 0.1 * now;
      const step = STEP_SIZE / (power + 1);
      const er = residualReal[k] ?? 0;
      const ei = residualImaginary[k] ?? 0;
      this.#gainReal[i] = (this.#gainReal[i] ?? 0) + step * (er * rr + ei * ri);
      this.#gainImaginary[i] = (this.#gainImaginary[i] ?? 0) + step * (ei * rr - er * ri);
    }
    const rate = Math.max(0.06, 1 / (this.#seen.hops + 4));
    for (let band = 0; band < BANDS; band += 1) {
      const left = this.#left[band] ?? 0;
      const sounding = this.#sounding[band] ?? 0;
      const leftOver = this.#leftOver[band] ?? 0;
      this.#echoSum[band] = FORGETTING * (this.#echoSum[band] ?? 0) + (this.#lineBand[band] ?? 0);
      this.#soundingSum[band] = FORGETTING * (this.#soundingSum[band] ?? 0) + sounding;
      if (leftOver * sounding > 2 * this.#noiseIn(band)) {
        const ratio = Math.min(4, Math.max(0.25, left / (leftOver * sounding)));
        this.#leftOver[band] = Math.max(leftOver * ratio ** (ratio > 1 ? RISE * rate : rate), this.#leastLeft(band));
      }
    }
  }

  /** Follows the line's noise: its mean where nobody speaks (`isPause`), and down when it is clearly less than thought. */
  hearNoise(isPause: boolean): void {
    if (this.#isBroken) return;
    for (let band = 0; band < BANDS; band += 1) {
      const line = this.#lineBand[band] ?? 0;
      const noise = this.#noise[band] ?? 0;
      if (noise === Number.POSITIVE_INFINITY) this.#noise[band] = isPause ? line : noise;
      else if (isPause) this.#noise[band] = noise + 0.1 * (Math.min(line, 4 * noise) - noise);
      else if (line < 0.25 * noise) this.#noise[band] = 0.9 * noise;
    }
  }

  /** Only bands well above the noise say something about the path. */
  #count(): void {
    let line = 0;
    let left = 0;
    for (let band = 0; band < BANDS; band += 1) {
      const linePower = this.#lineBand[band] ?? 0;
      if (linePower < 4 * this.#noiseIn(band)) continue;
      line += linePower;
      left += this.#left[band] ?? 0;
    }
    if (line < 0.5 * this.#linePower || this.#sentPower < this.#linePower) return;
    const seen = this.#seen;
    seen.hops += 1;
    seen.line = FORGETTING * seen.line + line;
    seen.left = FORGETTING * seen.left + left;
    seen.sent = FORGETTING * seen.sent + this.#sentPower;
  }

  #usuallyPlayed(band: number): number {
    let sum = 0;
    for (let k = BAND_EDGES[band] ?? 0; k < (BAND_EDGES[band + 1] ?? 0); k += 1) {
      sum += this.#playedPower[k - LOWEST_BIN] ?? 0;
    }
    return sum;
  }

  #leastLeft(band: number): number {
    return (LEAST_LEFT * (this.#echoSum[band] ?? 0)) / ((this.#soundingSum[band] ?? 0) + 1);
  }

  #noiseIn(band: number): number {
    const noise = this.#noise[band] ?? 0;
    const width = (BAND_EDGES[band + 1] ?? 0) - (BAND_EDGES[band] ?? 0);
    return (
      (noise === Number.POSITIVE_INFINITY ? 0 : noise) + width * (LEAST_NOISE + (COMPANDING * this.#linePower) / BINS)
    );
  }

  #analyse(line: AudioMemory, played: AudioMemory, hop: number, delay: number): void {
    this.#isBroken = transformHop(line, played, hop, delay) > MOST_MISSING;
    this.#linePower = 0;
    this.#sentPower = 0;
    for (let band = 0; band < BANDS; band += 1) {
      let linePower = 0;
      let playedPower = 0;
      let left = 0;
      for (let k = BAND_EDGES[band] ?? 0; k < (BAND_EDGES[band + 1] ?? 0); k += 1) {
        const xr = lineReal[k] ?? 0;
        const xi = lineImaginary[k] ?? 0;
        const rr = playedReal[k] ?? 0;
        const ri = playedImaginary[k] ?? 0;
        const hr = this.#gainReal[k - LOWEST_BIN] ?? 0;
        const hi = this.#gainImaginary[k - LOWEST_BIN] ?? 0;
        const er = xr - hr * rr + hi * ri;
        const ei = xi - hr * ri - hi * rr;
        residualReal[k] = er;
        residualImaginary[k] = ei;
        linePower += xr * xr + xi * xi;
        playedPower += rr * rr + ri * ri;
        left += er * er + ei * ei;
      }
      this.#lineBand[band] = linePower;
      this.#left[band] = Math.min(left, linePower);
      this.#sounding[band] = playedPower + FADE * (this.#sounding[band] ?? 0);
      this.#linePower += linePower;
      this.#sentPower += playedPower;
    }
  }
}

/** The spectra of the line around a hop and of what was played `delay` samples before, by one transform for both. Returns how many of the line's samples are exactly zero. */
function transformHop(line: AudioMemory, played: AudioMemory, hop: number, delay: number): number {
  const start = (hop - 1) * HOP;
  let missing = 0;
  for (let i = 0; i < WINDOW; i += 1) {
    const weight = HANN[i] ?? 0;
    const sample = line.at(start + i);
    if (sample === 0) missing += 1;
    lineReal[i] = weight * sample;
    lineImaginary[i] = weight * played.at(start + i - delay);
  }
  transform.run(lineReal, lineImaginary);
  for (let k = LOWEST_BIN; k < LOWEST_BIN + BINS; k += 1) {
    const re = lineReal[k] ?? 0;
    const im = lineImaginary[k] ?? 0;
    const mirrorRe = lineReal[WINDOW - k] ?? 0;
    const mirrorIm = lineImaginary[WINDOW - k] ?? 0;
    lineReal[k] = (re + mirrorRe) / 2;
    lineImaginary[k] = (im - mirrorIm) / 2;
    playedReal[k] = (im + mirrorIm) / 2;
    playedImaginary[k] = (mirrorRe - re) / 2;
  }
  return missing;
}
