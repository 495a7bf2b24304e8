import type { Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';
import type { ObserveSession } from '../contract/session-observer.ts';
import type { ServicePlaces } from './request-span.ts';
import { SessionMetrics } from './session-metrics.ts';
import { SessionSpans } from './session-spans.ts';
import type { Telemetry } from './telemetry.ts';

export interface ObserveSessionsOptions {
  readonly telemetry: Pick<Telemetry, 'spans' | 'metrics'>;
  readonly places: ServicePlaces;
  readonly providers?: TypedEvents<ProviderEvents>;
  /** Lets what was said into the spans. */
  readonly content: boolean;
  readonly clock: Clock;
  readonly newSpanId: NewId;
}

/** Makes the spans of each session, and what is counted of all. */
export function observeSessions({ telemetry, ...options }: ObserveSessionsOptions): ObserveSession {
  return (opened) => {
    const metrics = new SessionMetrics(telemetry.metrics, opened);
    const spans = new SessionSpans({
      ...opened,
      ...options,
      spans: telemetry.spans,
      traceparent: opened.session.traceparent,
      onSilence: (ms) => metrics.silence(ms),
    });
    return {
      follow(events) {
        spans.follow(events);
        metrics.follow(events);
      },
      served(request) {
        spans.served(request);
        metrics.served(request);
      },
      lost: (events) => metrics.lost(events),
    };
  };
}
