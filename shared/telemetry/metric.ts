import type { MetricName } from './names.ts';
import type { Attributes } from './span.ts';

/** Where measurements go. Never waits and never throws. */
export interface MetricSink {
  /**
   * @param value how long, for a histogram; how many more, for a counter; how many now, for a gauge
   * @param dimensions by the names of `DIMENSION`, each of few values. Never a session, a number or a text.
   */
  record(metric: MetricName, value: number, dimensions?: Attributes): void;
}

/** Where nobody wants any. */
export const noMetrics: MetricSink = { record: () => {} };
