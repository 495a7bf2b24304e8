import type { UntoldCall } from '../../shared/telemetry/call-traces.ts';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';

/** Counts one call of a dependency, whether a trace has it or not: an alarm goes by the share of them that failed. */
export function countCall(metrics: MetricSink, { dependency, error, tookMs }: UntoldCall): void {
  const dimensions = { [DIMENSION.dependency]: dependency };
  metrics.record(METRIC.dependencyCalls, 1, dimensions);
  metrics.record(METRIC.dependencyDuration, Math.max(0, tookMs), dimensions);
  if (error !== undefined) metrics.record(METRIC.dependencyFailures, 1, dimensions);
}
