import { Decoder, Encoder } from '../../emulator/realtime/audio-codec.ts';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** Sound while it is being made: floats, full scale at 1, 16 kHz. */
export type Signal = Float32Array<ArrayBuffer>;

export const samplesIn = (ms: number): number => Math.round((ms * SAMPLE_RATE) / 1000);
export const msIn = (samples: number): number => (samples * 1000) / SAMPLE_RATE;
export const gainOf = (db: number): number => 10 ** (db / 20);
export const silence = (ms: number): Signal => new Float32Array(samplesIn(ms));
export const scaled = (signal: Float32Array, gain: number): Signal => signal.map((sample) => gain * sample);
export const peak = (signal: Float32Array): number =>
  signal.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);

export function rms(signal: Float32Array): number {
  const sum = signal.reduce((total, sample) => total + sample * sample, 0);
  return signal.length === 0 ? 0 : Math.sqrt(sum / signal.length);
}

/** Adds `signal` to `track`, from the sample `at` on. What lies beyond the track's end is left out. */
export function mixInto(track: Float32Array, signal: Float32Array, at: number, gain = 1): void {
  const end = Math.min(signal.length, track.length - at);
  for (let i = Math.max(0, -at); i < end; i += 1) track[at + i] = (track[at + i] ?? 0) + gain * (signal[i] ?? 0);
}

/** Takes the edges of a piece down to nothing, so that a cut makes no click. */
export function fadeEdges(signal: Signal, ms: number): Signal {
  const length = Math.min(samplesIn(ms), signal.length >> 1);
  const gainAt = (fromEdge: number) => (fromEdge < length ? (fromEdge + 1) / (length + 1) : 1);
  return signal.map((sample, i) => sample * gainAt(Math.min(i, signal.length - 1 - i)));
}

/** The same sound `factor` times as fast and as high (cubic interpolation between samples). */
export function sped(signal: Float32Array, factor: number): Signal {
  return new Float32Array(Math.floor(signal.length / factor)).map((_, i) => {
    const at = Math.floor(i * factor);
    const t = i * factor - at;
    const [a = 0, b = 0, c = 0, d = 0] = [signal[at - 1], signal[at], signal[at + 1], signal[at + 2]];
    const [slope, nextSlope, rise] = [(c - a) / 2, (d - b) / 2, c - b];
    return b + t * (slope + t * (3 * rise - 2 * slope - nextSlope + t * (slope + nextSlope - 2 * rise)));
  });
}

/** A second-order section from Robert Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients". */
function filtered(signal: Float32Array, kind: 'low-pass' | 'high-pass' | 'band-pass', hz: number, q: number): Signal {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a0 = 1 + alpha;
  const shapes = {
    'low-pass': [(1 - cos) / 2, 1 - cos, (1 - cos) / 2],
    'high-pass': [(1 + cos) / 2, -1 - cos, (1 + cos) / 2],
    'band-pass': [alpha, 0, -alpha],
  } as const;
  const [b0, b1, b2] = [shapes[kind][0] / a0, shapes[kind][1] / a0, shapes[kind][2] / a0];
  const [a1, a2] = [(-2 * cos) / a0, (1 - alpha) / a0];
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return signal.map((x) => {
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    return y;
  });
}

/** A band of the sound with one soft edge on each side (12 dB an octave). */
export const band = (signal: Float32Array, lowHz: number, highHz: number): Signal =>
  filtered(filtered(signal, 'high-pass', lowHz, Math.SQRT1_2), 'low-pass', highHz, Math.SQRT1_2);

/** One resonance, as of a mouth or a box. */
export const resonance = (signal: Float32Array, hz: number, q: number): Signal => filtered(signal, 'band-pass', hz, q);

// The two halves of a fourth-order Butterworth filter.
const BUTTERWORTH_Q = [0.541_196_1, 1.306_563] as const;

/** What a narrow-band telephone lets through: 300 to 3400 Hz, 24 dB an octave beyond. */
export const telephoneBand = (signal: Float32Array): Signal =>
  BUTTERWORTH_Q.reduce(
    (sound, q) => filtered(filtered(sound, 'high-pass', 300, q), 'low-pass', 3400, q),
    new Float32Array(signal),
  );

const MU_LAW = { encoding: 'ulaw', rate: SAMPLE_RATE } as const;

/** What G.711 mu-law makes of PCM16, as the telephone network of North America and Japan carries it. */
export const throughMuLaw = (pcm: Uint8Array): Uint8Array =>
  new Decoder(MU_LAW).decode(new Encoder(MU_LAW).encode(pcm));
