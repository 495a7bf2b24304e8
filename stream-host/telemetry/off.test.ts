import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { METRIC, ROLE } from '../../shared/telemetry/names.ts';
import { spanOf, startForTest } from './testing/start.ts';

test('where nobody takes telemetry nothing of it is loaded, and nothing is done', async () => {
  const { telemetry } = await startForTest({});
  assert.equal(telemetry.isOn, false);
  telemetry.spans.record(spanOf('a-session'));
  telemetry.spansOf(ROLE.functions).record(spanOf('a-session'));
  telemetry.metrics.record(METRIC.turns, 1);
  await telemetry.warmUp();
  await telemetry.close();
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) =>
    /opentelemetry|applicationinsights/.test(file),
  );
  assert.deepEqual(loaded, []);
});
