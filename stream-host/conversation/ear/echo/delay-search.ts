import { type AudioMemory, RATE_PER_MS } from './audio-memory.ts';
import { FourierTransform } from './fourier.ts';

const SIZE = 4096;
/** The search runs at 4 kHz: most of speech's power lies below 2 kHz, and half of the samples is half of the work. */
const SEARCH_RATE_PER_MS = 4;
const STEP = RATE_PER_MS / SEARCH_RATE_PER_MS;
/** The agent's voice may come back this much earlier than it was thought to be played: the play time is an estimate. */
const EARLIEST_MS = -40;
export const LATEST_MS = 600;
const BEFORE = LATEST_MS * SEARCH_RATE_PER_MS;
const AFTER = -EARLIEST_MS * SEARCH_RATE_PER_MS;
/** The longest stretch of the line that one transform holds together with all delays. */
export const LONGEST_SEARCH_MS = SIZE / SEARCH_RATE_PER_MS - LATEST_MS + EARLIEST_MS;
const LOWEST_BIN = binOf(300);
const HIGHEST_BIN = binOf(1850);
/**
 * The width of the spectrum's smoothing on either side: narrow enough that the voice's harmonics are levelled too. Wider,
 * and two voices at the same pitch begin to look alike; narrower, and the noise between the harmonics has its say.
 */
const SMOOTHING_BINS = binOf(25);
const EDGE = 16 * SEARCH_RATE_PER_MS;

// Scratch: a search is synchronous and leaves nothing in it that the next one needs.
const transform = new FourierTransform(SIZE);
const lineReal = new Float64Array(SIZE);
const lineImaginary = new Float64Array(SIZE);
const playedReal = new Float64Array(SIZE);
const playedImaginary = new Float64Array(SIZE);
const cumulated = new Float64Array(SIZE + 1);

export interface DelayFound {
  /** In samples at 8 kHz; the resolution is two of them. */
  readonly delay: number;
  /** How much of the line's (whitened) power the played sound at this delay explains, 0 to 1. */
  readonly explained: number;
}

/**
 * The delay at which a stretch of the line (up to {@link LONGEST_SEARCH_MS}) is most like what was played: normalised
 * cross-correlation of both signals with their spectra levelled. Unlike envelopes, the waveforms of two people do not
 * match by chance, so a tenth of a second is enough to tell. Costs three transforms of 4096 points.
 */
export function findDelay(line: AudioMemory, played: AudioMemory, end: number, lengthMs: number): DelayFound {
  const length = Math.min(lengthMs, LONGEST_SEARCH_MS) * SEARCH_RATE_PER_MS;
  const start = end - length * STEP;
  const playedLength = BEFORE + length + AFTER;
  load(lineReal, line, start, BEFORE, length);
  load(lineImaginary, played, start - BEFORE * STEP, 0, playedLength);
  transform.run(lineReal, lineImaginary);
  separate();
  level(lineReal, lineImaginary);
  level(playedReal, playedImaginary);
  const linePower = correlate();
  // The arrays exchanged: the inverse. Only positive frequencies are left, so the sizes are envelopes.
  transform.run(lineImaginary, lineReal);
  transform.run(playedImaginary, playedReal);
  for (let i = 0; i < SIZE; i += 1)
    cumulated[i + 1] = (cumulated[i] ?? 0) + sizeSquared(playedReal, playedImaginary, i);
  return best(length, linePower, (cumulated[playedLength] ?? 0) / playedLength);
}

function binOf(hz: number): number {
  return Math.round((hz * SIZE) / (SEARCH_RATE_PER_MS * 1000));
}

function load(into: Float64Array, from: AudioMemory, start: number, offset: number, length: number): void {
  into.fill(0);
  let before = from.at(start - 1);
  for (let i = 0; i < length; i += 1) {
    const now = from.at(start + STEP * i);
    const after = from.at(start + STEP * i + 1);
    into[offset + i] = before + 2 * now + after;
    before = after;
  }
  for (let i = 0; i < EDGE; i += 1) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / EDGE);
    into[offset + i] = (into[offset + i] ?? 0) * gain;
    into[offset + length - 1 - i] = (into[offset + length - 1 - i] ?? 0) * gain;
  }
}

/** Both signals were transformed as one complex one. */
function separate(): void {
  for (let k = 1; k < SIZE / 2; k += 1) {
    const re = lineReal[k] ?? 0;
    const im = lineImaginary[k] ?? 0;
    const mirrorRe = lineReal[SIZE - k] ?? 0;
    const mirrorIm = lineImaginary[SIZE - k] ?? 0;
    lineReal[k] = re + mirrorRe;
    lineImaginary[k] = im - mirrorIm;
    playedReal[k] = im + mirrorIm;
    playedImaginary[k] = mirrorRe - re;
  }
}

/** Gives each frequency of the band the same power, and none to the others. */
function level(real: Float64Array, imaginary: Float64Array): void {
  const last = HIGHEST_BIN + SMOOTHING_BINS;
  cumulated[0] = 0;
  for (let k = 0; k <= last; k += 1) cumulated[k + 1] = (cumulated[k] ?? 0) + sizeSquared(real, imaginary, k);
  const floor = (1e-3 * (cumulated[last + 1] ?? 0)) / last + 1e-9;
  for (let k = LOWEST_BIN; k <= HIGHEST_BIN; k += 1) {
    const sum = (cumulated[k + SMOOTHING_BINS + 1] ?? 0) - (cumulated[k - SMOOTHING_BINS] ?? 0);
    const gain = 1 / Math.sqrt(sum / (2 * SMOOTHING_BINS + 1) + floor);
    real[k] = (real[k] ?? 0) * gain;
    imaginary[k] = (imaginary[k] ?? 0) * gain;
  }
  for (const part of [real, imaginary]) {
    part.fill(0, 0, LOWEST_BIN);
    part.fill(0, HIGHEST_BIN + 1);
  }
}

/** Puts the cross-spectrum in the line's place. Returns the line's power. */
function correlate(): number {
  let power = 0;
  for (let k = LOWEST_BIN; k <= HIGHEST_BIN; k += 1) {
    const re = lineReal[k] ?? 0;
    const im = lineImaginary[k] ?? 0;
    const playedRe = playedReal[k] ?? 0;
    const playedIm = playedImaginary[k] ?? 0;
    power += re * re + im * im;
    lineReal[k] = re * playedRe + im * playedIm;
    lineImaginary[k] = im * playedRe - re * playedIm;
  }
  return power;
}

function best(length: number, linePower: number, meanPlayedPower: number): DelayFound {
  let delay = 0;
  let explained = 0;
  // A pause in what was played explains nothing, however well its noise fits.
  const floor = 0.02 * meanPlayedPower * length;
  for (let lag = -AFTER; lag <= BEFORE; lag += 1) {
    const start = BEFORE - lag;
    const playedPower = (cumulated[start + length] ?? 0) - (cumulated[start] ?? 0) + floor;
    const share = sizeSquared(lineReal, lineImaginary, lag & (SIZE - 1)) / playedPower;
    if (share <= explained) continue;
    explained = share;
    delay = lag;
  }
  return { delay: delay * STEP, explained: linePower > 0 ? (explained * SIZE) / linePower : 0 };
}

function sizeSquared(real: Float64Array, imaginary: Float64Array, at: number): number {
  const re = real[at] ?? 0;
  const im = imaginary[at] ?? 0;
  return re * re + im * im;
}
