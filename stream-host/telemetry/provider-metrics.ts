import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';

/** Counts the outages of providers, and the requests that others were asked for. A probe that fails is no new outage. */
export function countProviders(events: TypedEvents<ProviderEvents>, metrics: MetricSink): void {
  const away = new Set<string>();
  events.on('breaker', ({ provider, state, code = 'late' }) => {
    if (state === 'closed') away.delete(provider);
    if (state !== 'open' || away.has(provider)) return;
    away.add(provider);
    metrics.record(METRIC.providersAway, 1, { [DIMENSION.provider]: provider, [DIMENSION.reason]: code });
  });
  events.on('switched', ({ to, code = 'late' }) =>
    metrics.record(METRIC.providerSwitches, 1, { [DIMENSION.provider]: to, [DIMENSION.reason]: code }),
  );
}
