import type { Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import { randomSpanIds } from '../../shared/telemetry/call-trace.ts';
import type { ObserveSession } from '../contract/session-observer.ts';
import { type ServicePlaces, servicePlaces } from './service-places.ts';
import { SessionMetrics } from './session-metrics.ts';
import { SessionSpans } from './session-spans.ts';
import type { Telemetry } from './telemetry.ts';

export interface ObserveSessionsOptions {
  readonly telemetry: Pick<Telemetry, 'spans' | 'metrics'>;
  readonly places: ServicePlaces;
  /** Lets what was said into the spans. */
  readonly content: boolean;
  readonly clock: Clock;
  readonly newSpanId: NewId;
}

/** Watches every session of this host, where anybody wants to know; undefined where nobody does. */
export function sessionObserver(
  telemetry: Telemetry,
  config: StreamHostSettings,
  clock: Clock,
): ObserveSession | undefined {
  if (!telemetry.isOn) return undefined;
  const content = config.LOG_TRANSCRIPTS;
  return observeSessions({ telemetry, places: servicePlaces(config), content, clock, newSpanId: randomSpanIds });
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
    };
  };
}
