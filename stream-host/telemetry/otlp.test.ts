import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { METRIC, ROLE, SPAN } from '../../shared/telemetry/names.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import type { Telemetry } from './telemetry.ts';
import { Intake } from './testing/intake.ts';
import { spanOf, startForTest } from './testing/start.ts';

let intake: Intake;
let telemetry: Telemetry;

before(async () => {
  intake = await Intake.open();
  ({ telemetry } = await startForTest({
    OTEL_EXPORTER_OTLP_ENDPOINT: intake.url,
    OTEL_METRIC_EXPORT_INTERVAL: 1_000,
  }));
  await telemetry.warmUp();
});

after(async () => {
  await telemetry.close();
  intake.close();
});

const bodies = (path: string) => intake.otlp.filter((request) => request.path === path).map(({ body }) => body);

test('a collector of OpenTelemetry gets the spans of both halves, without anything of Azure’s', async () => {
  const span = spanOf('a-session');
  telemetry.spans.record(span);
  telemetry.spansOf(ROLE.functions).record(spanOf('a-session', { name: 'POST /api/v1/calls/answer', kind: 'server' }));
  await telemetry.warmUp();
  const told = bodies('/v1/traces').join('\n');
  for (const wanted of [
    SPAN.hostStart,
    span.spanId,
    span.traceId,
    'parley-stream-host',
    'parley-functions',
    'host-1:8080',
  ])
    assert.ok(told.includes(wanted), wanted);
});

test('the metrics are sent as often as the settings say (reader2 10)', { timeout: 30_000 }, async () => {
  telemetry.metrics.record(METRIC.firstToken, 300);
  await eventually(() => /parley\.turn\.first_token/.test(bodies('/v1/metrics').join('\n')));
});

test('and the metrics', async () => {
  telemetry.metrics.record(METRIC.firstAudio, 900);
  await telemetry.warmUp();
  assert.match(bodies('/v1/metrics').join('\n'), /parley\.turn\.first_audio/);
});
