/** One 10 ms step of a voice. */
export interface PitchFrame {
  /** Loudness in dB under full scale; -100 at least. */
  readonly levelDb: number;
  /** The voice's pitch in semitones over 55 Hz; undefined where there is no voice: silence, noise, an "s". */
  readonly semitones: number | undefined;
}

export const PITCH_HOP_MS = 10;

/** Pitch needs no more than this, and half the samples are half the work, twice. */
const RATE = 8_000;
const WINDOW = 320;
const HOP = (RATE * PITCH_HOP_MS) / 1000;
const LOWEST_HZ = 70;
const HIGHEST_HZ = 400;
const SHORTEST_LAG = Math.floor(RATE / HIGHEST_HZ);
const LONGEST_LAG = Math.ceil(RATE / LOWEST_HZ);
/** How alike a voice is from one period to the next. */
const VOICED = 0.6;
/** Of two lags that fit nearly as well the shorter one is the period; the longer is two of them. */
const NEARLY_AS_WELL = 0.9;
const SILENT_DB = -55;

/**
 * The melody of speech: level and pitch every 10 ms, by normalised autocorrelation of 40 ms windows.
 *
 * @param samples PCM16 at 16 kHz
 */
export function pitchOf(samples: Int16Array): PitchFrame[] {
  const halved = Float32Array.from({ length: samples.length >> 1 }, (_, i) => {
    return ((samples[2 * i] ?? 0) + (samples[2 * i + 1] ?? 0)) / 65_536;
  });
  const frames = Math.max(0, Math.floor((halved.length - WINDOW - LONGEST_LAG) / HOP) + 1);
  return Array.from({ length: frames }, (_, i) => frameAt(halved, i * HOP));
}

function frameAt(audio: Float32Array, start: number): PitchFrame {
  let energy = 0;
  for (let i = start; i < start + WINDOW; i += 1) energy += (audio[i] ?? 0) ** 2;
  const levelDb = Math.max(-100, 10 * Math.log10(energy / WINDOW + 1e-10));
  if (levelDb < SILENT_DB) return { levelDb, semitones: undefined };

  const likeness = new Float32Array(LONGEST_LAG + 1);
  let best = 0;
  let laggedEnergy = 0;
  for (let i = start + SHORTEST_LAG; i < start + SHORTEST_LAG + WINDOW; i += 1) laggedEnergy += (audio[i] ?? 0) ** 2;
  for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag += 1) {
    let product = 0;
    for (let i = start; i < start + WINDOW; i += 1) product += (audio[i] ?? 0) * (audio[i + lag] ?? 0);
    likeness[lag] = product / Math.sqrt(energy * laggedEnergy + 1e-12);
    best = Math.max(best, likeness[lag] ?? 0);
    laggedEnergy += (audio[start + lag + WINDOW] ?? 0) ** 2 - (audio[start + lag] ?? 0) ** 2;
  }
  if (best < VOICED) return { levelDb, semitones: undefined };
  for (let lag = SHORTEST_LAG + 1; lag < LONGEST_LAG; lag += 1) {
    const here = likeness[lag] ?? 0;
    const [left, right] = [likeness[lag - 1] ?? 0, likeness[lag + 1] ?? 0];
    if (here < best * NEARLY_AS_WELL || here < left || here < right) continue;
    // The peak lies between the lags: a parabola through three of them finds it.
    const bend = left - 2 * here + right;
    const peak = lag + (bend < 0 ? (left - right) / (2 * bend) : 0);
    return { levelDb, semitones: 12 * Math.log2(RATE / peak / 55) };
  }
  return { levelDb, semitones: undefined };
}
