import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** Sound while it is being made: floats, full scale at 1, 16 kHz. */
export type Signal = Float32Array<ArrayBuffer>;

export const samplesIn = (ms: number): number => Math.round((ms * SAMPLE_RATE) / 1000);
export const msIn = (samples: number): number => (samples * 1000) / SAMPLE_RATE;
export const gainOf = (db: number): number => 10 ** (db / 20);
export const silence = (ms: number): Signal => new Float32Array(samplesIn(ms));

export function rms(signal: Float32Array): number {
  let sum = 0;
  for (const sample of signal) sum += sample * sample;
  return signal.length === 0 ? 0 : Math.sqrt(sum / signal.length);
}

export function peak(signal: Float32Array): number {
  let highest = 0;
  for (const sample of signal) highest = Math.max(highest, Math.abs(sample));
  return highest;
}

export function scaled(signal: Float32Array, gain: number): Signal {
  const result = new Float32Array(signal.length);
  for (let i = 0; i < signal.length; i += 1) result[i] = gain * (signal[i] ?? 0);
  return result;
}

/** Adds `signal` to `track`, from the sample `at` on. What lies beyond the track's end is left out. */
export function mixInto(track: Float32Array, signal: Float32Array, at: number, gain = 1): void {
  const end = Math.min(signal.length, track.length - at);
  for (let i = Math.max(0, -at); i < end; i += 1) track[at + i] = (track[at + i] ?? 0) + gain * (signal[i] ?? 0);
}

/** Takes the edges of a piece down to nothing, in place, so that a cut makes no click. */
export function fadeEdges(signal: Signal, ms: number): Signal {
  const length = Math.min(samplesIn(ms), signal.length >> 1);
  for (let i = 0; i < length; i += 1) {
    const gain = (i + 1) / (length + 1);
    const end = signal.length - 1 - i;
    signal[i] = (signal[i] ?? 0) * gain;
    signal[end] = (signal[end] ?? 0) * gain;
  }
  return signal;
}

export function toInt16(signal: Float32Array): Int16Array {
  const samples = new Int16Array(signal.length);
  for (let i = 0; i < signal.length; i += 1) {
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round((signal[i] ?? 0) * 32_768)));
  }
  return samples;
}

export const fromInt16 = (samples: Int16Array): Signal => scaled(Float32Array.from(samples), 1 / 32_768);

export function joined(parts: readonly Float32Array[]): Signal {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same sound `factor` times as fast and as high (cubic interpolation between samples). */
export function sped(signal: Float32Array, factor: number): Signal {
  const result = new Float32Array(Math.floor(signal.length / factor));
  for (let i = 0; i < result.length; i += 1) {
    const position = i * factor;
    const at = Math.floor(position);
    const t = position - at;
    const a = signal[at - 1] ?? 0;
    const b = signal[at] ?? 0;
    const c = signal[at + 1] ?? 0;
    const d = signal[at + 2] ?? 0;
    const slope = (c - a) / 2;
    const nextSlope = (d - b) / 2;
    const rise = c - b;
    result[i] = b + t * (slope + t * (3 * rise - 2 * slope - nextSlope + t * (slope + nextSlope - 2 * rise)));
  }
  return result;
}

type Biquad = readonly [b0: number, b1: number, b2: number, a1: number, a2: number];

/** Second-order sections from Robert Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients". */
function biquad(kind: 'low-pass' | 'high-pass' | 'band-pass', hz: number, q: number): Biquad {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a0 = 1 + alpha;
  const [b0, b1, b2] =
    kind === 'low-pass'
      ? [(1 - cos) / 2, 1 - cos, (1 - cos) / 2]
      : kind === 'high-pass'
        ? [(1 + cos) / 2, -1 - cos, (1 + cos) / 2]
        : [alpha, 0, -alpha];
  return [b0 / a0, b1 / a0, b2 / a0, (-2 * cos) / a0, (1 - alpha) / a0];
}

function filtered(signal: Float32Array, [b0, b1, b2, a1, a2]: Biquad): Signal {
  const result = new Float32Array(signal.length);
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < signal.length; i += 1) {
    const x = signal[i] ?? 0;
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    result[i] = y;
  }
  return result;
}

/** A band of the sound with one soft edge on each side (12 dB an octave). */
export function band(signal: Float32Array, lowHz: number, highHz: number): Signal {
  return filtered(filtered(signal, biquad('high-pass', lowHz, Math.SQRT1_2)), biquad('low-pass', highHz, Math.SQRT1_2));
}

/** One resonance, as of a mouth or a box. */
export const resonance = (signal: Float32Array, hz: number, q: number): Signal =>
  filtered(signal, biquad('band-pass', hz, q));

// The two halves of a fourth-order Butterworth filter.
const BUTTERWORTH_Q = [0.541_196_1, 1.306_563] as const;

/** What a narrow-band telephone lets through: 300 to 3400 Hz, 24 dB an octave beyond. */
export function telephoneBand(signal: Float32Array): Signal {
  let result = new Float32Array(signal);
  for (const q of BUTTERWORTH_Q) {
    result = filtered(filtered(result, biquad('high-pass', 300, q)), biquad('low-pass', 3400, q));
  }
  return result;
}
