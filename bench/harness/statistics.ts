import type { Measure } from '../row.ts';
import {
  bootstrapInterval,
  differenceInterval,
  type Interval,
  meanInterval,
  momentsOf,
  quantileInterval,
  shareInterval,
  widerOf,
} from './intervals.ts';

/** Instead of a figure: nothing of the kind was seen. */
export const NO_SAMPLES = 'no samples';

/** A figure of samples, and how far it is known from them. */
export interface Statistic<Sample> {
  (samples: readonly Sample[]): number;
  /** Without one of its own, its samples are drawn again and again. */
  readonly interval?: (samples: readonly Sample[]) => Interval;
}

/** The value below which a share of the samples lies (nearest rank). NaN without samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export function quantileAt(share: number): Statistic<number> {
  return Object.assign((samples: readonly number[]) => quantile(samples, share), {
    interval: (samples: readonly number[]) => quantileInterval(samples, share),
  });
}

export const median: Statistic<number> = quantileAt(0.5);
export const p95: Statistic<number> = quantileAt(0.95);
export const largest: Statistic<number> = quantileAt(1);

export const mean: Statistic<number> = Object.assign(
  (samples: readonly number[]) => samples.reduce((total, sample) => total + sample, 0) / samples.length,
  { interval: meanInterval },
);

const hitsOf = (outcomes: readonly boolean[]): number => outcomes.filter((outcome) => outcome).length;

/** The share of `true`, in percent. */
export const percentOf: Statistic<boolean> = Object.assign(
  (outcomes: readonly boolean[]) => (100 * hitsOf(outcomes)) / outcomes.length,
  {
    interval: (outcomes: readonly boolean[]) => {
      const { low, high } = shareInterval(hitsOf(outcomes), outcomes.length);
      return { low: 100 * low, high: 100 * high };
    },
  },
);

/**
 * A statistic of all samples, with its spread: the 95 % interval that they give for it.
 * @param resolution what the samples cannot tell apart: the spread reaches half of it to either side, however alike they are
 */
export function measure<Sample>(
  samples: readonly Sample[],
  statistic: Statistic<Sample>,
  resolution = 0,
): Measure | { readonly none: string } {
  if (samples.length === 0) return { none: NO_SAMPLES };
  const value = statistic(samples);
  const interval = statistic.interval?.(samples) ?? bootstrapped(samples, statistic);
  return { value, ...widerOf(interval, atLeast(value, resolution)), n: samples.length };
}

export const atLeast = (value: number, resolution: number): Interval => ({
  low: value - resolution / 2,
  high: value + resolution / 2,
});

/** The mean of parts of a run. Where no part is negative, the quantity is taken for one that cannot be. */
export function meanOf(parts: readonly number[]): Measure {
  const interval = meanInterval(parts);
  const low = parts.some((part) => part < 0) ? interval.low : Math.max(0, interval.low);
  return { value: momentsOf(parts).mean, ...interval, low, n: parts.length };
}

/** What each of `by` adds, from readings with all of them and without. */
export function differenceOf(readings: readonly number[], without: readonly number[], by = 1): Measure {
  const { low, high, open } = differenceInterval(readings, without);
  const value = (momentsOf(readings).mean - momentsOf(without).mean) / by;
  return { value, low: low / by, high: high / by, ...(open && { open }), n: readings.length + without.length };
}

/** So many of so many trials, as a number. */
export function trialsOf(hits: number, trials: number): Measure {
  const { low, high } = shareInterval(hits, trials);
  return { value: hits, low: trials * low, high: trials * high, n: trials };
}

/** A figure that was read once in a run. Nothing bounds it; `resolution` is what such a reading cannot tell apart. */
export const once = (value: number, resolution: number): Measure => ({
  value,
  ...atLeast(value, 2 * resolution),
  open: 'both',
  n: 1,
});

function bootstrapped<Sample>(samples: readonly Sample[], statistic: Statistic<Sample>): Interval {
  return bootstrapInterval(samples.length, (times) =>
    statistic(samples.flatMap((sample, at) => new Array<Sample>(times[at] ?? 0).fill(sample))),
  );
}

/** Points of a cumulative distribution: (sample, share of the samples up to it). */
export function cdf(samples: readonly number[]): (readonly [number, number])[] {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted.map((sample, index) => [sample, (index + 1) / sorted.length] as const);
}
