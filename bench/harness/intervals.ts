import { randomOf } from '../acs/random.ts';

/**
 * Where the true figure lies, so that 95 of 100 such intervals hold it: what would be found with ever more samples of the
 * same kind. Most come straight from a distribution; none supposes that delays are normal, but for {@link meanInterval}.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /**
   * The samples set no bound on this side: `low` and `high` are then the least and the greatest of them, and the true
   * figure may well be beyond.
   */
  readonly open?: 'above' | 'both';
}

/** Of each side, what is outside. */
const TAIL = 0.025;
const Z = 1.959_964;
/** The greatest sample of a like run is below so many of the greatest of this one in 1 of 64 cases. */
const GREATEST = 6;
const DRAWS = 800;
const BOOTSTRAP_SEED = 1;

/** Two-sided 95 % points of Student's distribution for 1 to 12 degrees of freedom. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];

/** @param freedom its degrees, rounded down */
export function student(freedom: number): number {
  const whole = Math.floor(freedom);
  const known = STUDENT[whole - 1];
  if (known !== undefined) return known;
  // Cornish and Fisher's expansion, right to 0.001 beyond the table.
  return Z + (Z ** 3 + Z) / (4 * whole) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * whole ** 2);
}

/**
 * A mean's, by Student. Two samples or more; fewer bound nothing. Where no sample is negative, the quantity is taken for
 * one that cannot be.
 */
export function meanInterval(samples: readonly number[]): Interval {
  const [only = Number.NaN] = samples;
  if (samples.length < 2) return { low: only, high: only, open: 'both' };
  const { mean, variance } = momentsOf(samples);
  const half = student(samples.length - 1) * Math.sqrt(variance / samples.length);
  const low = samples.some((sample) => sample < 0) ? mean - half : Math.max(0, mean - half);
  return { low, high: mean + half };
}

/** Of the difference of two means, by Welch. Two samples of each or more; fewer bound nothing. */
export function differenceInterval(of: readonly number[], less: readonly number[]): Interval {
  const [a, b] = [momentsOf(of), momentsOf(less)];
  const difference = a.mean - b.mean;
  if (of.length < 2 || less.length < 2) return { low: difference, high: difference, open: 'both' };
  const [ofError, lessError] = [a.variance / of.length, b.variance / less.length];
  const error = ofError + lessError;
  if (error === 0) return { low: difference, high: difference };
  const freedom = error ** 2 / (ofError ** 2 / (of.length - 1) + lessError ** 2 / (less.length - 1));
  const half = student(freedom) * Math.sqrt(error);
  return { low: difference - half, high: difference + half };
}

/** Of a share of trials, from 0 to 1, by Wilson. */
export function shareInterval(hits: number, trials: number): Interval {
  const share = hits / trials;
  const middle = (share + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half = (Z / (1 + Z ** 2 / trials)) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2));
  // Exact at the ends, where rounding would leave a hair.
  return { low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}

/** Of how many events a stretch holds, each by itself and none likelier for another: Poisson's, by Wilson and Hilferty. */
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
  const chances = binomial(n, share);
  let low = 0;
  for (let below = chances[0] ?? 1; below <= TAIL && low < n; below += chances[low] ?? 1) low += 1;
  let high = n + 1;
  for (let above = chances[n] ?? 1; above <= TAIL && high > 1; above += chances[high - 1] ?? 1) high -= 1;
  // Where only the lower side is bounded, it has to say all: then two like runs must not be apart by chance too often.
  return { low: high > n ? Math.min(low, n - GREATEST + 1) : low, high };
}

/** A quantile's, by the ranks of its samples. A `share` of 1 is the greatest: what a like run's would be. */
export function quantileInterval(samples: readonly number[], share: number): Interval {
  const sorted = samples.toSorted((a, b) => a - b);
  const { low, high } = quantileRanks(sorted.length, share);
  const [least, most] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  if (low < 1) return { low: least, high: most, open: 'both' };
  const from = sorted[low - 1] ?? least;
  const to = sorted[high - 1];
  return to === undefined ? { low: from, high: most, open: 'above' } : { low: from, high: to };
}

/**
 * Of anything that is computed from `n` parts, by drawing as many of them again and again (Efron's percentiles). Parts
 * that hold what comes together, such as all that happened in two seconds, keep it together. Draws are the same each time.
 * @param statistic is given how often each part was drawn
 */
export function bootstrapInterval(n: number, statistic: (times: readonly number[]) => number): Interval {
  const random = randomOf(BOOTSTRAP_SEED);
  const values: number[] = [];
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const times = new Array<number>(n).fill(0);
    for (let part = 0; part < n; part += 1) {
      const drawn = Math.floor(random() * n);
      times[drawn] = (times[drawn] ?? 0) + 1;
    }
    const value = statistic(times);
    if (Number.isFinite(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))] ?? Number.NaN;
  return { low: at(TAIL), high: at(1 - TAIL) };
}

/** The wider of two on either side: each sees what the other does not. */
export function widerOf(a: Interval, b: Interval): Interval {
  const open = a.open === 'both' || b.open === 'both' ? 'both' : (a.open ?? b.open);
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), ...(open && { open }) };
}

export function momentsOf(samples: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const squares = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0);
  return { mean, variance: squares / (samples.length - 1) };
}

/** The chances of 0 to n hits, from the likeliest outwards, so that none of them underflows before it counts for nothing. */
function binomial(n: number, share: number): Float64Array {
  const chances = new Float64Array(n + 1);
  const mode = Math.min(n, Math.floor((n + 1) * share));
  const odds = share / (1 - share);
  chances[mode] = 1;
  for (let hits = mode + 1; hits <= n; hits += 1) {
    chances[hits] = (((chances[hits - 1] ?? 0) * (n - hits + 1)) / hits) * odds;
  }
  for (let hits = mode - 1; hits >= 0; hits -= 1) {
    chances[hits] = ((chances[hits + 1] ?? 0) * (hits + 1)) / (n - hits) / odds;
  }
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return chances.map((chance) => chance / sum);
}
