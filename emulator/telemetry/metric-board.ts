import type { MetricSample } from './telemetry-item.ts';

/** Further series are left out, and counted. */
const MOST_SERIES = 2_000;

/** A metric of one half with one set of attributes, over all that came. */
export interface MetricSeries {
  readonly name: string;
  readonly role: string;
  readonly attributes: MetricSample['attributes'];
  readonly count: number;
  readonly sum: number;
  readonly min?: number;
  readonly max?: number;
  /** The sum that came last: of a gauge, what it stands at. */
  readonly last: number;
}

/** The metrics that came, each summed up. */
export class MetricBoard {
  readonly #series = new Map<string, MetricSeries>();
  #dropped = 0;

  get dropped(): number {
    return this.#dropped;
  }

  add(sample: MetricSample): void {
    const { name, role, attributes, cumulative } = sample;
    const key = JSON.stringify([role, name, Object.entries(attributes).sort()]);
    const before = this.#series.get(key);
    if (before === undefined && this.#series.size >= MOST_SERIES) {
      this.#dropped += 1;
      return;
    }
    const since = cumulative ? undefined : before;
    const min = smallest(since?.min, sample.min);
    const max = largest(since?.max, sample.max);
    this.#series.set(key, {
      ...{ name, role, attributes, last: sample.sum },
      count: (since?.count ?? 0) + sample.count,
      sum: (since?.sum ?? 0) + sample.sum,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
    });
  }

  list(): MetricSeries[] {
    return [...this.#series.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  clear(): void {
    this.#series.clear();
  }
}

const smallest = (one: number | undefined, other: number | undefined) =>
  one === undefined ? other : Math.min(one, other ?? one);
const largest = (one: number | undefined, other: number | undefined) =>
  one === undefined ? other : Math.max(one, other ?? one);
