import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../shared/errors.ts';
import { CallTraces } from '../../shared/telemetry/call-traces.ts';
import { DIMENSION, METRIC, ROLE } from '../../shared/telemetry/names.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { countCall } from './dependency-metrics.ts';
import { SpanExporter } from './span-exporter.ts';
import { KeptMetrics } from './testing/sinks.ts';

test('six leases that could not be renewed, among hundreds that were, are no outage of Redis: the alarm goes by the share', async () => {
  const clock = new VirtualClock();
  const metrics = new KeptMetrics();
  const exporter = new SpanExporter({
    processor: { onEnd: () => {} },
    instanceOf: (role) => role,
    ...{ metrics, sampleRatio: 1, content: false, version: '1.2.3' },
  });
  const traces = new CallTraces({
    ...{ sink: exporter.sinkFor(ROLE.streamHost), clock, newSpanId: () => 'b7ad6b7169203331' },
    onUntold: (call) => countCall(metrics, call),
  });
  const away = () => Promise.reject(new DependencyError('redis.unavailable', 'away'));
  for (let at = 0; at < 300; at += 1) {
    const renew = at % 50 === 0 ? away : () => clock.advance(2);
    await traces.redis(`call-${at % 6}`, 'renew_lease', renew).catch(() => {});
  }
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  assert.equal(sum(metrics.values(METRIC.dependencyFailures)), 6);
  assert.equal(sum(metrics.values(METRIC.dependencyCalls)), 300);
  assert.equal(metrics.values(METRIC.dependencyDuration).length, 300);
  for (const { dimensions } of metrics.all) assert.deepEqual(dimensions, { [DIMENSION.dependency]: 'redis' });
});
