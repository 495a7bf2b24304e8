import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { ATTRIBUTE, CONTENT, METRIC, ROLE } from '../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import { isKept } from './sampling.ts';
import { SpanExporter } from './span-exporter.ts';
import { KeptMetrics } from './testing/sinks.ts';

const SPAN: FinishedSpan = {
  traceId: traceIdOf('a-session'),
  spanId: 'b7ad6b7169203331',
  name: 'parley.turn',
  kind: 'internal',
  startMs: 1_700_000_000_000.25,
  endMs: 1_700_000_001_500.75,
  attributes: {},
};

function exporter(options: { readonly content?: boolean; readonly sampleRatio?: number } = {}) {
  const ended: ReadableSpan[] = [];
  const metrics = new KeptMetrics();
  const made = new SpanExporter({
    processor: { onEnd: (span) => void ended.push(span) },
    metrics,
    instanceOf: (role) => role,
    sampleRatio: 1,
    content: false,
    version: '1.2.3',
    ...options,
  });
  return { ended, metrics, sinkFor: made.sinkFor.bind(made) };
}

test('a span has its own times, ids and error, and the role of the process that it is of', () => {
  const { ended, sinkFor } = exporter();
  sinkFor(ROLE.functions).record({ ...SPAN, parentSpanId: 'aaaaaaaaaaaaaaaa', error: 'model.silent' });
  sinkFor(ROLE.streamHost).record(SPAN);
  const [span, ours] = ended;
  assert.equal(span?.resource.attributes['service.name'], 'parley-functions');
  assert.equal(ours?.resource.attributes['service.name'], 'parley-stream-host');
  assert.deepEqual(span?.startTime, [1_700_000_000, 250_000]);
  assert.deepEqual(span?.endTime, [1_700_000_001, 500_750_000]);
  assert.deepEqual(span?.duration, [1, 500_500_000]);
  assert.equal(span?.spanContext().traceId, SPAN.traceId);
  assert.equal(span?.parentSpanContext?.spanId, 'aaaaaaaaaaaaaaaa');
  assert.equal(span?.status.code, 2);
  assert.equal(span?.attributes['error.type'], 'model.silent');
  assert.equal(span?.attributes[ATTRIBUTE.fault], 'model.silent', 'Azure Monitor gets no error.type');
});

test('a span that ends before it begins lasts no time, and none is refused', () => {
  const { ended, sinkFor } = exporter();
  sinkFor(ROLE.streamHost).record({ ...SPAN, endMs: 0 });
  assert.deepEqual(ended[0]?.duration, [0, 0]);
});

test('an attribute leaves by its name alone: what was said with the switch, and what has no name in the table never', () => {
  const attributes = {
    [ATTRIBUTE.turn]: 3,
    [CONTENT.callerText]: 'My card is 4111.',
    'http.request.header.authorization': 'Bearer x',
  };
  for (const content of [false, true]) {
    const { ended, sinkFor } = exporter({ content });
    sinkFor(ROLE.streamHost).record({ ...SPAN, attributes });
    assert.deepEqual(
      Object.keys(ended[0]?.attributes ?? {}),
      content ? [ATTRIBUTE.turn, CONTENT.callerText] : [ATTRIBUTE.turn],
    );
  }
});

test('calls of a dependency are counted with their failures, whether their trace is kept or not', () => {
  const { ended, metrics, sinkFor } = exporter({ sampleRatio: 0 });
  const call = { ...SPAN, attributes: { [ATTRIBUTE.dependency]: 'openai' } };
  sinkFor(ROLE.streamHost).record(call);
  sinkFor(ROLE.functions).record({ ...call, error: 'model.silent' });
  assert.deepEqual(ended, []);
  assert.deepEqual(metrics.values(METRIC.dependencyCalls), [1, 1]);
  assert.deepEqual(metrics.values(METRIC.dependencyFailures), [1]);
  assert.deepEqual(metrics.values(METRIC.dependencyDuration), [1500.5, 1500.5]);
});

test('a trace is kept whole or not at all, in both halves, as Azure’s own SDKs decide', () => {
  const exported = createRequire(import.meta.url).resolve('@azure/monitor-opentelemetry-exporter');
  const theirs: { getSamplingHashCode(traceId: string): number } = createRequire(import.meta.url)(
    path.join(path.dirname(exported), 'sampling/samplingUtils.js'),
  );
  const ids = Array.from({ length: 1000 }, (_, call) => traceIdOf(`session-${call}`));
  for (const ratio of [0.01, 0.25, 0.5]) {
    const kept = ids.filter((id) => isKept(id, ratio));
    assert.deepEqual(
      kept,
      ids.filter((id) => theirs.getSamplingHashCode(id) < ratio * 100),
    );
    assert.ok(Math.abs(kept.length / ids.length - ratio) < 0.06, `${kept.length} of ${ids.length}`);
  }
  assert.ok(ids.every((id) => isKept(id, 1)));
  assert.ok(ids.every((id) => !isKept(id, 0)));
  const { ended, sinkFor } = exporter({ sampleRatio: 0.5 });
  for (const traceId of ids) for (const role of Object.values(ROLE)) sinkFor(role).record({ ...SPAN, traceId });
  const counts = Map.groupBy(ended, (span) => span.spanContext().traceId);
  assert.ok(
    [...counts.values()].every(({ length }) => length === 2),
    'no trace is torn',
  );
  assert.equal(ended[0]?.attributes['microsoft.sample_rate'], 50);
});

test('of two calls in a thousand each counts for five hundred: a share that is not a whole per cent is told as it is', () => {
  const { ended, sinkFor } = exporter({ sampleRatio: 0.002 });
  for (let n = 0; ended.length === 0; n += 1)
    sinkFor(ROLE.streamHost).record({ ...SPAN, traceId: traceIdOf(`call-${n}`) });
  assert.equal(ended[0]?.attributes['microsoft.sample_rate'], 0.2);
});
