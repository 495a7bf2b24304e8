import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';
import { HostMetrics, type HostMetricsOptions } from './host-metrics.ts';
import { countProviders } from './provider-metrics.ts';

export interface WatchHostOptions extends HostMetricsOptions {
  readonly providers: TypedEvents<ProviderEvents>;
}

/** Measures the host and its providers. The returned function ends it. */
export function watchHost({ providers, ...options }: WatchHostOptions): () => void {
  countProviders(providers, options.metrics);
  const host = new HostMetrics(options);
  return () => host.close();
}
