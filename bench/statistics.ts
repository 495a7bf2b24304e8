import type { Measure, Result } from './report/run-report.ts';

/**
 * Where the true figure lies, so that 95 of 100 such intervals hold it. None supposes that delays are normal, but for
 * means of parts of a run. (Of these `simple-statistics` has the mean and the variance; the rest is nobody's library.)
 */
export type Interval = Pick<Measure, 'low' | 'high' | 'open'>;

/** Instead of a figure: nothing of the kind was seen. */
const NONE: Result = { none: 'no samples' };
/** Of each side, what is outside. */
const TAIL = 0.025;
const Z = 1.959_964;
/** The greatest sample of a like run is below so many of the greatest of this one in 1 of 64 cases. */
const GREATEST = 6;
/** Two-sided 95 % points of Student's distribution for 1 to 12 degrees of freedom. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];

/** A figure of samples, and how far it is known from them. */
export type Statistic<Sample> = (samples: readonly Sample[]) => Interval & { readonly value: number };

/** A statistic of all samples, with its spread. @param resolution what the samples cannot tell apart */
export function measure<Sample>(samples: readonly Sample[], statistic: Statistic<Sample>, resolution = 0): Result {
  if (samples.length === 0) return NONE;
  const { value, ...interval } = statistic(samples);
  const least = { low: value - resolution / 2, high: value + resolution / 2 };
  return { value, ...widerOf(interval, least), n: samples.length };
}

/** The value below which a share of the samples lies (nearest rank); a share of 1 is the greatest. */
export const quantileOf = (samples: readonly number[], share: number): number =>
  sorted(samples)[Math.max(0, Math.ceil(share * samples.length) - 1)] ?? Number.NaN;

const quantileAt = (share: number) => (samples: readonly number[]) => {
  return { value: quantileOf(samples, share), ...quantileInterval(samples, share) };
};
export const median = quantileAt(0.5);
export const p95 = quantileAt(0.95);
export const largest = quantileAt(1);
export const mean = (samples: readonly number[]) => ({ value: momentsOf(samples).mean, ...meanInterval(samples) });
/** The share of `true`, in percent. */
export function percentOf(outcomes: readonly boolean[]) {
  const hits = outcomes.filter((outcome) => outcome).length;
  return { value: (100 * hits) / outcomes.length, ...scaled(shareInterval(hits, outcomes.length), 100) };
}

/**
 * A quantile of samples that come in bursts: what delays one delays all of its part of the run. The spread is the wider of
 * what the samples give one by one, and of what the parts' own quantiles differ by.
 */
export function quantileOver(parts: readonly (readonly number[])[], share: number): Result {
  const known = parts.filter((part) => part.length > 0);
  const all = known.flat();
  if (all.length === 0) return NONE;
  const each = known.map((part) => quantileOf(part, share));
  const ofParts = share === 1 ? quantileInterval(each, 1) : meanInterval(each);
  return { value: quantileOf(all, share), ...widerOf(quantileInterval(all, share), ofParts), n: all.length };
}

/** The mean of parts of a run. */
export const meanOf = (parts: readonly number[]): Measure => ({ ...mean(parts), n: parts.length });

/** What all parts of a run make together. */
export function sumOf(parts: readonly number[]): Measure {
  const value = parts.reduce((sum, part) => sum + part, 0);
  return { value, ...scaled(meanInterval(parts), parts.length), n: parts.length };
}

/** How many rare events the parts of a run hold: the wider of Poisson's interval and of what the parts differ by. */
export function countOf(parts: readonly number[]): Measure {
  const sum = sumOf(parts);
  return { ...sum, ...widerOf(countInterval(sum.value), sum), n: sum.value };
}

/** What each of `by` adds, from readings with all of them and without, by Welch. Fewer than two of each bound nothing. */
export function differenceOf(readings: readonly number[], without: readonly number[], by = 1): Measure {
  const [a, b] = [momentsOf(readings), momentsOf(without)];
  const [aError, bError] = [a.variance / readings.length, b.variance / without.length];
  const known = readings.length > 1 && without.length > 1;
  const error = known ? aError + bError : 0;
  const freedom = error ** 2 / (aError ** 2 / (readings.length - 1) + bError ** 2 / (without.length - 1));
  const half = error === 0 ? 0 : student(freedom) * Math.sqrt(error);
  const value = a.mean - b.mean;
  const ends = scaled({ low: value - half, high: value + half, ...(!known && { open: 'both' }) }, 1 / by);
  return { value: value / by, ...ends, n: readings.length + without.length };
}

/** So many of so many trials, as a number. */
export function trialsOf(hits: number, trials: number): Measure {
  return { value: hits, ...scaled(shareInterval(hits, trials), trials), n: trials };
}

/** A figure that was read once in a run. Nothing bounds it; `resolution` is what such a reading cannot tell apart. */
export function once(value: number, resolution: number): Measure {
  return { value, low: value - resolution, high: value + resolution, open: 'both', n: 1 };
}

/** A figure that the same seed repeats exactly: it has no spread. */
export const exactly = (value: number, n: number): Measure => ({ value, low: value, high: value, n });

export function student(freedom: number): number {
  const whole = Math.floor(freedom);
  // Cornish and Fisher's expansion, right to 0.001 beyond the table.
  const expansion = Z + (Z ** 3 + Z) / (4 * whole) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * whole ** 2);
  return STUDENT[whole - 1] ?? expansion;
}

/** By Student; one sample bounds nothing. Where no sample is negative, the quantity is taken for one that cannot be. */
export function meanInterval(samples: readonly number[]): Interval {
  const [only = Number.NaN] = samples;
  if (samples.length < 2) return { low: only, high: only, open: 'both' };
  const { mean: middle, variance } = momentsOf(samples);
  const half = student(samples.length - 1) * Math.sqrt(variance / samples.length);
  const low = samples.some((sample) => sample < 0) ? middle - half : Math.max(0, middle - half);
  return { low, high: middle + half };
}

/** Of a share of trials, from 0 to 1, by Wilson; exact at the ends, where rounding would leave a hair. */
export function shareInterval(hits: number, trials: number): Interval {
  const share = hits / trials;
  const middle = (share + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half = (Z / (1 + Z ** 2 / trials)) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2));
  return { low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}

/** Of how many events a stretch holds, each by itself: Poisson's, by Wilson and Hilferty. */
export function countInterval(count: number): Interval {
  const bound = (of: number, z: number) => of * (1 - 1 / (9 * of) + z / (3 * Math.sqrt(of))) ** 3;
  return { low: count === 0 ? 0 : bound(count, -Z), high: bound(count + 1, Z) };
}

/**
 * The ranks, from 1 to n, of the samples between which a quantile lies, whatever the distribution: how many samples are
 * below it is binomial. A rank beyond the samples means that nothing bounds that side.
 */
export function quantileRanks(n: number, share: number): { readonly low: number; readonly high: number } {
  if (share >= 1) return { low: n - GREATEST + 1, high: n + 1 };
  let [low, high, below] = [0, 0, 0];
  // As a logarithm, so that no chance underflows before it counts.
  let chance = n * Math.log(1 - share);
  for (let hits = 0; high === 0; hits += 1) {
    below += Math.exp(chance);
    if (below <= TAIL) low = hits + 1;
    if (below >= 1 - TAIL || hits === n) high = hits + 1;
    chance += Math.log((((n - hits) / (hits + 1)) * share) / (1 - share));
  }
  // Where only the lower side is bounded, it has to say all: then two like runs must not be apart by chance too often.
  return { low: high > n ? Math.min(low, n - GREATEST + 1) : low, high };
}

/** A quantile's, by the ranks of its samples. A `share` of 1 is the greatest: what a like run's would be. */
export function quantileInterval(samples: readonly number[], share: number): Interval {
  const values = sorted(samples);
  const ranks = quantileRanks(values.length, share);
  const [least = Number.NaN, most = Number.NaN] = [values[0], values.at(-1)];
  if (ranks.low < 1) return { low: least, high: most, open: 'both' };
  const low = values[ranks.low - 1] ?? least;
  const high = values[ranks.high - 1];
  return high === undefined ? { low, high: most, open: 'above' } : { low, high };
}

/** The wider of two on either side: each sees what the other does not. */
export function widerOf(a: Interval, b: Interval): Interval {
  const open = a.open === 'both' || b.open === 'both' ? 'both' : (a.open ?? b.open);
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), ...(open && { open }) };
}

export function momentsOf(samples: readonly number[]): { readonly mean: number; readonly variance: number } {
  const middle = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const squares = samples.reduce((sum, sample) => sum + (sample - middle) ** 2, 0);
  return { mean: middle, variance: squares / (samples.length - 1) };
}

function scaled({ low, high, open }: Interval, by: number): Interval {
  return { low: low * by, high: high * by, ...(open && { open }) };
}
const sorted = (samples: readonly number[]): number[] => samples.toSorted((a, b) => a - b);
