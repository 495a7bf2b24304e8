/** Counts of values from 0 up, in bins of one width: percentiles of millions of samples in little memory. */
export class Histogram {
  readonly #binMs: number;
  readonly #counts = new Map<number, number>();
  #n = 0;
  #max = 0;

  constructor(binMs = 0.02) {
    this.#binMs = binMs;
  }

  get n(): number {
    return this.#n;
  }

  get max(): number {
    return this.#max;
  }

  /** Negative values count as 0. */
  add(valueMs: number, times = 1): void {
    const bin = Math.max(0, Math.floor(valueMs / this.#binMs));
    this.#counts.set(bin, (this.#counts.get(bin) ?? 0) + times);
    this.#n += times;
    this.#max = Math.max(this.#max, valueMs);
  }

  merge(other: Histogram): void {
    for (const [bin, count] of other.#counts) this.#counts.set(bin, (this.#counts.get(bin) ?? 0) + count);
    this.#n += other.#n;
    this.#max = Math.max(this.#max, other.#max);
  }

  /** @param share between 0 and 1. NaN where there are no samples. */
  percentile(share: number): number {
    if (this.#n === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(share * this.#n));
    let seen = 0;
    for (const [bin, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= rank) return Math.min(this.#max, (bin + 0.5) * this.#binMs);
    }
    return this.#max;
  }

  /** How many samples are above `limitMs`, to within one bin. */
  above(limitMs: number): number {
    let count = 0;
    for (const [bin, times] of this.#counts) if (bin * this.#binMs >= limitMs) count += times;
    return count;
  }

  /** Points (value, share of samples up to it) for a plot, some 200 at most. */
  cdf(): [number, number][] {
    const points: [number, number][] = [];
    const bins = [...this.#counts].sort(([a], [b]) => a - b);
    const step = Math.max(1, Math.floor(bins.length / 200));
    let seen = 0;
    for (const [index, [bin, count]] of bins.entries()) {
      seen += count;
      if (index % step === 0 || index === bins.length - 1) points.push([(bin + 1) * this.#binMs, seen / this.#n]);
    }
    return points;
  }

  clear(): void {
    this.#counts.clear();
    this.#n = 0;
    this.#max = 0;
  }

  toJson(): HistogramJson {
    return { binMs: this.#binMs, max: this.#max, counts: [...this.#counts] };
  }

  static from({ binMs, max, counts }: HistogramJson): Histogram {
    const histogram = new Histogram(binMs);
    for (const [bin, count] of counts) {
      histogram.#counts.set(bin, count);
      histogram.#n += count;
    }
    histogram.#max = max;
    return histogram;
  }
}

export interface HistogramJson {
  readonly binMs: number;
  readonly max: number;
  readonly counts: readonly (readonly [number, number])[];
}
