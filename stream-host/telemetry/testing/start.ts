import { pino } from 'pino';
import { systemClock } from '../../../shared/clock.ts';
import { randomSpanIds, traceIdOf } from '../../../shared/telemetry/call-trace.ts';
import { SPAN } from '../../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../../shared/telemetry/span.ts';
import { startTelemetry, type TelemetryOptions } from '../start.ts';
import type { Telemetry } from '../telemetry.ts';

/** Lines of the log, as far as a test looks at them. */
export type Said = { readonly level: number; readonly msg: string; readonly [field: string]: unknown };

const NO_TOKENS = { getToken: () => Promise.reject(new Error('Nobody asks for a token over plain http.')) };

/** Telemetry as the host starts it, for whoever the settings name; and what it has said in the log. */
export async function startForTest(
  config: Partial<TelemetryOptions['config']>,
  credential: TelemetryOptions['credential'] = NO_TOKENS,
): Promise<{ readonly telemetry: Telemetry; readonly said: Said[] }> {
  const said: Said[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line)) });
  const telemetry = await startTelemetry({
    config: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: undefined,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: undefined,
      OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
      OTEL_METRIC_EXPORT_INTERVAL: 60_000,
      TELEMETRY_SAMPLE_RATIO: 1,
      LOG_TRANSCRIPTS: false,
      ...config,
    },
    credential,
    place: 'host-1:8080',
    version: '1.2.3',
    clock: systemClock,
    log,
  });
  return { telemetry, said };
}

/** A span of that session's call. */
export function spanOf(sessionId: string, changes: Partial<FinishedSpan> = {}): FinishedSpan {
  const startMs = Date.now();
  return {
    traceId: traceIdOf(sessionId),
    spanId: randomSpanIds(),
    name: SPAN.turn,
    kind: 'internal',
    startMs,
    endMs: startMs + 250,
    attributes: {},
    ...changes,
  };
}
