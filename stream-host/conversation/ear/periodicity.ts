/** Pitch needs no treble: four samples are taken as one. */
const DECIMATION = 4;
/** 32 ms: two periods of the deepest voice. */
const WINDOW = 128;
/** Periods that a voice may have: 364 Hz down to 67 Hz, in decimated samples. */
const SHORTEST_LAG = 11;
const LONGEST_LAG = 60;

/** Less than one step of one sample: what rounding leaves of a level that does not change. */
const LEAST_POWER = 1;

/** So much sound, at 16 kHz, tells how periodic its newest 32 ms are. */
export const PERIODICITY_SAMPLES = (WINDOW + LONGEST_LAG) * DECIMATION;

/**
 * How far the newest 32 ms of a sound repeat what came one period of a voice before: 1 where they do exactly, as a vowel
 * nearly does, about 0.5 in noise, in a cough and where several people speak at once, whose periods do not agree. It is
 * the largest normalised cross-correlation over all lags.
 * @param samples {@link PERIODICITY_SAMPLES} at 16 kHz
 */
export function periodicityOf(samples: Int16Array): number {
  const decimated = new Float32Array(WINDOW + LONGEST_LAG);
  let mean = 0;
  for (let i = 0; i < decimated.length; i += 1) {
    const at = i * DECIMATION;
    const sum = (samples[at] ?? 0) + (samples[at + 1] ?? 0) + (samples[at + 2] ?? 0) + (samples[at + 3] ?? 0);
    decimated[i] = sum;
    mean += sum / decimated.length;
  }
  for (let i = 0; i < decimated.length; i += 1) decimated[i] = (decimated[i] ?? 0) - mean;
  const power = powerFrom(decimated, LONGEST_LAG);
  if (power < LEAST_POWER) return 0;
  let before = powerFrom(decimated, LONGEST_LAG - SHORTEST_LAG);
  let most = 0;
  for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag += 1) {
    const start = LONGEST_LAG - lag;
    let product = 0;
    for (let i = 0; i < WINDOW; i += 1) product += (decimated[LONGEST_LAG + i] ?? 0) * (decimated[start + i] ?? 0);
    if (before >= LEAST_POWER) most = Math.max(most, product / Math.sqrt(power * before));
    // The next lag's window begins one sample earlier.
    before += (decimated[start - 1] ?? 0) ** 2 - (decimated[start + WINDOW - 1] ?? 0) ** 2;
  }
  return Math.min(1, most);
}

function powerFrom(decimated: Float32Array, start: number): number {
  let power = 0;
  for (let i = start; i < start + WINDOW; i += 1) power += (decimated[i] ?? 0) ** 2;
  return power;
}
