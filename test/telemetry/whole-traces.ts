import { setTimeout as sleep } from 'node:timers/promises';
import type { Trace, TraceSpan } from '../../shared/protocol/traces.ts';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { entrySpanIdOf } from '../../shared/telemetry/call-traces.ts';
import { METRIC, ROLE, SPAN } from '../../shared/telemetry/names.ts';

/** For what must come, on however busy a machine. */
const PATIENCE_MS = 60_000;

/** What the emulator's intake has of a call, once nothing is missing in it, or for as long as anybody would wait. */
export async function traceOf(emulatorUrl: string, sessionId: string, patienceMs = PATIENCE_MS): Promise<Trace> {
  let trace: Trace | undefined;
  for (const giveUpAt = performance.now() + patienceMs; ; await sleep(250)) {
    const response = await fetch(`${emulatorUrl}/telemetry/traces/${traceIdOf(sessionId)}`);
    if (response.ok) trace = (await response.json()) as Trace;
    else await response.body?.cancel();
    const missing = trace === undefined ? ['all of it'] : missingIn(sessionId, trace.items);
    if (trace !== undefined && missing.length === 0) return trace;
    if (performance.now() > giveUpAt) throw new Error(`The trace of ${sessionId} lacks ${missing.join(', ')}.`);
  }
}

/** With it metrics come as soon as spans do, and not each minute. */
export const METRICS_SOON = { OTEL_METRIC_EXPORT_INTERVAL: '1000' };

/** The metrics of a stack in which a call has ended, once that is told: before, nothing can be missing in them. */
export async function metricsOf(emulatorUrl: string): Promise<readonly { readonly name: string }[]> {
  for (const giveUpAt = performance.now() + PATIENCE_MS; ; await sleep(250)) {
    const response = await fetch(`${emulatorUrl}/telemetry/metrics`);
    const { metrics } = (await response.json()) as { metrics: readonly { readonly name: string }[] };
    if (metrics.some(({ name }) => name === METRIC.sessionsEnded.name)) return metrics;
    if (performance.now() > giveUpAt) throw new Error(`No end of a session is among ${metrics.length} metrics.`);
  }
}

/** What a whole trace of a call that is over has, and this one has not. */
export function missingIn(sessionId: string, spans: readonly TraceSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const tops = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  const wanted = [SPAN.answering, SPAN.ringing, SPAN.mediaStart, SPAN.sessionOpening, SPAN.session, SPAN.call];
  return [
    ...Object.values(ROLE).filter((role) => !spans.some((span) => span.role === role)),
    ...wanted.filter((name) => !spans.some((span) => span.name === name)),
    ...(tops.length === 1 && tops[0]?.spanId === entrySpanIdOf(sessionId) ? [] : [`one top, and not ${tops.length}`]),
    ...spans
      .filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId))
      .map(({ name }) => `the parent of ${name}`),
  ];
}
