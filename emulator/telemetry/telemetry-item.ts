import type { TraceEvent, TraceSpan } from '../../shared/protocol/traces.ts';
import { ATTRIBUTE } from '../../shared/telemetry/names.ts';

/** One thing that was sent, whichever way. */
export type TelemetryItem =
  | { readonly is: 'span'; readonly traceId: string; readonly sessionId?: string; readonly span: TraceSpan }
  | { readonly is: 'event'; readonly traceId: string; readonly sessionId?: string; readonly event: TraceEvent }
  | { readonly is: 'metric'; readonly metric: MetricSample };

/** A metric over the time since it was sent last; a cumulative one over all time. */
export interface MetricSample {
  readonly name: string;
  readonly role: string;
  readonly attributes: TraceSpan['attributes'];
  readonly count: number;
  readonly sum: number;
  readonly min?: number;
  readonly max?: number;
  readonly cumulative?: boolean;
}

export function sessionIn(attributes: TraceSpan['attributes']): string | undefined {
  const found = attributes[ATTRIBUTE.session];
  return found === undefined ? undefined : String(found);
}
