import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { METRIC, ROLE } from '../../shared/telemetry/names.ts';
import type { Telemetry } from './telemetry.ts';
import { Intake } from './testing/intake.ts';
import { spanOf, startForTest } from './testing/start.ts';

let azure: Intake;
let collector: Intake;
let telemetry: Telemetry;

before(async () => {
  [azure, collector] = await Promise.all([Intake.open(), Intake.open()]);
  ({ telemetry } = await startForTest({
    APPLICATIONINSIGHTS_CONNECTION_STRING: azure.connectionString,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  }));
});

after(async () => {
  await telemetry.close();
  azure.close();
  collector.close();
});

test('where both are set, Azure and a collector of OpenTelemetry each get the spans of both halves and the metrics', async () => {
  const [ours, theirs] = [spanOf('a-session'), spanOf('a-session', { kind: 'server' })];
  telemetry.spans.record(ours);
  telemetry.spansOf(ROLE.functions).record(theirs);
  telemetry.metrics.record(METRIC.turns, 1);
  await telemetry.warmUp();
  const told = collector.otlp.map(({ body }) => body).join('\n');
  for (const { spanId } of [ours, theirs]) {
    assert.ok(
      azure.spans().some(({ data }) => data.baseData.id === spanId),
      'Azure',
    );
    assert.ok(told.includes(spanId), 'the collector');
  }
  const metrics = azure.envelopes.flatMap(({ data }) => data.baseData.metrics ?? []);
  assert.ok(metrics.some(({ name }) => name === METRIC.turns.name));
  assert.ok(told.includes(METRIC.turns.name));
});
