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

/**
 * A statistic of samples that come in bursts: what delays one delays all of its moment. The spread is the wider of what
 * the samples would give one by one, and of what drawing whole moments gives.
 * @param moments the samples by moment
 */
export function measureOver<Sample>(
  moments: readonly (readonly Sample[])[],
  statistic: Statistic<Sample>,
): Measure | { readonly none: string } {
  const single = measure(moments.flat(), statistic);
  if ('none' in single) return single;
  const drawn = bootstrapInterval(moments.length, (times) =>
    statistic(moments.flatMap((moment, at) => new Array<readonly Sample[]>(times[at] ?? 0).fill(moment)).flat()),
  );
  return { ...single, ...widerOf(single, drawn) };
}

/** The longest of samples that come in bursts: its lower end is of moments, not of six samples of one. */
export function largestOver(moments: readonly (readonly number[])[]): Measure | { readonly none: string } {
  const known = moments.filter((moment) => moment.length > 0);
  const longest = measure(known.map(largest), largest);
  return 'none' in longest ? longest : { ...longest, n: moments.flat().length };
}

export const atLeast = (value: number, resolution: number): Interval => ({
  low: value - resolution / 2,
  high: value + resolution / 2,
});

/** The mean of parts of a run. */
export const meanOf = (parts: readonly number[]): Measure => ({
  value: momentsOf(parts).mean,
  ...meanInterval(parts),
  n: parts.length,
});

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

/** The same of trials by moment, as what makes one of them a hit may do so to all of its moment. */
export function trialsOver(moments: readonly (readonly boolean[])[]): Measure {
  const hits = moments.map(hitsOf);
  const all = moments.flat();
  const single = trialsOf(hitsOf(all), all.length);
  const { low, high } = meanOf(hits);
  return { ...single, low: Math.min(single.low, low * hits.length), high: Math.max(single.high, high * hits.length) };
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
