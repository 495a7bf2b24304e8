import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';

/** Counts the outages of providers, and the requests that others were asked for. */
export function countProviders(events: TypedEvents<ProviderEvents>, metrics: MetricSink): void {
  events.on('away', ({ provider, code = 'late' }) =>
    metrics.record(METRIC.providersAway, 1, { [DIMENSION.provider]: provider, [DIMENSION.reason]: code }),
  );
  events.on('switched', ({ to, code = 'late' }) =>
    metrics.record(METRIC.providerSwitches, 1, { [DIMENSION.provider]: to, [DIMENSION.reason]: code }),
  );
}
