import type { Measure } from '../row.ts';

/** Blocks into which the samples of one run are dealt, in turn; the statistic of each gives the spread. */
const BLOCKS = 4;
const LEAST_BLOCK = 5;

/** The value below which a share of the samples lies (nearest rank). NaN without samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);
export const p95 = (samples: readonly number[]): number => quantile(samples, 0.95);
export const largest = (samples: readonly number[]): number => quantile(samples, 1);

export const mean = (samples: readonly number[]): number =>
  samples.reduce((total, sample) => total + sample, 0) / samples.length;

/** The share of `true`, in percent. */
export const percentOf = (outcomes: readonly boolean[]): number =>
  (100 * outcomes.filter((outcome) => outcome).length) / outcomes.length;

/**
 * A statistic of all samples. Its spread: the least and the greatest that up to four blocks of them give, each block
 * taking every fourth sample, so that what drifts during a run is in all of them.
 */
export function measure<Sample>(
  samples: readonly Sample[],
  statistic: (samples: readonly Sample[]) => number,
): Measure | { readonly none: string } {
  if (samples.length === 0) return { none: 'no samples' };
  const value = statistic(samples);
  const blocks = Math.min(BLOCKS, Math.floor(samples.length / LEAST_BLOCK));
  const values = Array.from({ length: blocks }, (_, block) =>
    statistic(samples.filter((_sample, index) => index % blocks === block)),
  );
  return { value, low: Math.min(value, ...values), high: Math.max(value, ...values), n: samples.length };
}

/** Points of a cumulative distribution: (sample, share of the samples up to it). */
export function cdf(samples: readonly number[]): (readonly [number, number])[] {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted.map((sample, index) => [sample, (index + 1) / sorted.length] as const);
}
