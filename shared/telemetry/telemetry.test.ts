import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callTraceOf, formatTraceParent, parseTraceParent, randomSpanIds, traceIdOf } from './call-trace.ts';
import { dependencySpan, placeOf } from './dependency-span.ts';
import { ATTRIBUTE, CONTENT, METRIC, SPAN } from './names.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

test('a call’s trace id is the same wherever it is asked for, and that of no other call', () => {
  assert.match(traceIdOf('a-session'), /^[0-9a-f]{32}$/);
  assert.equal(traceIdOf('a-session'), traceIdOf('a-session'));
  assert.notEqual(traceIdOf('a-session'), traceIdOf('another'));
  assert.match(randomSpanIds(), /^[0-9a-f]{16}$/);
});

test('a traceparent is read as it was written', () => {
  for (const sampled of [true, false]) {
    const parent = { traceId: TRACE, spanId: SPAN_ID, sampled };
    assert.deepEqual(parseTraceParent(formatTraceParent(parent)), parent);
  }
  // Later versions may have more behind, which is not ours to read.
  assert.equal(parseTraceParent(`01-${TRACE}-${SPAN_ID}-01-more`)?.traceId, TRACE);
});

test('what is no traceparent is none', () => {
  const bad = [
    undefined,
    '',
    'nonsense',
    `00-${TRACE}-${SPAN_ID}`,
    `00-${TRACE}-${SPAN_ID}-01-more`,
    `ff-${TRACE}-${SPAN_ID}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN_ID}-01`,
    `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN_ID}-zz`,
  ];
  assert.deepEqual(
    bad.filter((header) => parseTraceParent(header) !== undefined),
    [],
  );
});

test('a session stands under the span that its traceparent names, and under none of another trace', () => {
  const own = { traceId: traceIdOf('a-session'), spanId: SPAN_ID, sampled: true };
  assert.deepEqual(callTraceOf('a-session', formatTraceParent(own)), { traceId: own.traceId, parentSpanId: SPAN_ID });
  assert.deepEqual(callTraceOf('a-session', formatTraceParent({ ...own, traceId: TRACE })), { traceId: own.traceId });
  assert.deepEqual(callTraceOf('a-session', undefined), { traceId: own.traceId });
});

const CALL = { traceId: TRACE, spanId: SPAN_ID, startMs: 1000, endMs: 1250 };

test('a call of a dependency has what Azure draws on its map, and nothing of its address’ query', () => {
  const span = dependencySpan({
    ...CALL,
    dependency: 'acs',
    operation: 'answer_call',
    url: 'https://key:secret@parley.communication.azure.com/calling/callConnections:answer?api-version=1&key=secret',
    method: 'POST',
    status: 201,
  });
  assert.equal(span.kind, 'client');
  assert.equal(span.name, 'acs answer_call');
  assert.equal(span.error, undefined);
  assert.equal(span.attributes[ATTRIBUTE.httpMethod], 'POST');
  assert.equal(span.attributes[ATTRIBUTE.url], 'https://parley.communication.azure.com/calling/callConnections:answer');
  assert.equal(span.attributes[ATTRIBUTE.peer], 'acs');
  assert.doesNotMatch(JSON.stringify(span), /secret/);
});

test('a call of Redis is one of a database; one that failed says why', () => {
  const span = dependencySpan({
    ...CALL,
    dependency: 'redis',
    operation: 'create',
    url: 'rediss://:pw@cache:6380',
    error: 'redis.gone',
  });
  assert.equal(span.attributes[ATTRIBUTE.dbSystem], 'redis');
  assert.equal(span.attributes[ATTRIBUTE.serverAddress], 'cache');
  assert.equal(span.attributes[ATTRIBUTE.errorType], 'redis.gone');
  assert.equal(span.error, 'redis.gone');
  assert.doesNotMatch(JSON.stringify(span), /pw/);
});

test('an id in a path, or a number, is not told, and a socket’s address reads as one of the web', () => {
  assert.equal(
    placeOf('wss://speech.example/stt/speech/universal/v2?key=1').address,
    'https://speech.example/stt/speech/universal/v2',
  );
  assert.equal(placeOf('https://x.example/calls/4a8f-11b2-99aa-77cc/hold').address, 'https://x.example/calls/-/hold');
  assert.equal(placeOf('https://x.example/to/+49309018').address, 'https://x.example/to/-');
  assert.deepEqual(placeOf('no address'), { host: 'unknown', address: 'unknown:' });
});

test('each name is there once, and no attribute of what was said is among the others', () => {
  for (const names of [
    Object.values(SPAN),
    [...Object.values(ATTRIBUTE), ...Object.values(CONTENT)],
    Object.values(METRIC).map(({ name }) => name),
  ]) {
    assert.deepEqual(names, [...new Set<string>(names)]);
  }
});
