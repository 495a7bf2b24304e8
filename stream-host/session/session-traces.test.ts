import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { randomSpanIds, traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { CallTraces, entrySpanIdOf, traceParentOf } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { defaultPhrases } from '../agent/phrases.ts';
import type { ReplyPiece, Responder } from '../contract/agent.ts';
import { GREETING, phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';

const redis = await redisForTests();
const spans: FinishedSpan[] = [];
const traces = new CallTraces({
  sink: { record: (span) => void spans.push(span) },
  clock: systemClock,
  newSpanId: randomSpanIds,
  redisUrl: redis.url,
});
const leaving = (): Responder => ({
  locale: 'en-US',
  phrases: defaultPhrases('en-US', GREETING),
  voice: 'test',
  async *respond(): AsyncGenerator<ReplyPiece> {
    yield { type: 'text', text: 'Goodbye.' };
    yield { type: 'end-call', reason: 'the caller said where is my order' };
  },
});
let refusals = 0;
const hangUp = async () => {
  if (refusals++ === 0) throw new Error('not now');
};
const host = await startHost(redis.url, { openResponder: leaving, traces, hangUp });

const of = (sessionId: string) => spans.filter(({ attributes }) => attributes[ATTRIBUTE.session] === sessionId);
const named = (sessionId: string, name: string) => of(sessionId).filter((span) => span.name === name);

test('a call’s media start and its hanging up stand below its entry, with what they asked of Redis', async () => {
  await host.store.create(phoneSession('trace-1'));
  const phone = await host.phone('trace-call', 'trace-1');
  const talking = phone.startCall();
  await phone.untilKind('AudioData');
  const [start] = named('trace-1', SPAN.mediaStart);
  assert.ok(start);
  assert.deepEqual(
    [start.kind, start.traceId, start.parentSpanId, start.attributes[ATTRIBUTE.channel], start.error],
    ['server', traceIdOf('trace-1'), entrySpanIdOf('trace-1'), 'phone', undefined],
  );
  const redisSpan = named('trace-1', 'redis commands').find(({ parentSpanId }) => parentSpanId === start.spanId);
  const { commands } = JSON.parse(String(redisSpan?.attributes[ATTRIBUTE.measurements]));
  assert.ok(commands >= 3, `${commands} commands`);
  talking.say(400);
  await phone.closed;
  await eventually(() => named('trace-1', SPAN.hangUp).length === 2);
  for (const span of named('trace-1', SPAN.hangUp)) assert.equal(span.parentSpanId, entrySpanIdOf('trace-1'));
  assert.deepEqual(
    named('trace-1', SPAN.hangUp).map(({ attributes }) => attributes[ATTRIBUTE.attempt]),
    [1, 2],
  );
});

test('a browser’s session begins its trace with its socket, and a second socket stands below', async () => {
  const browser = await host.browser('?session_id=trace-2');
  await browser.untilType('session_ready');
  assert.equal((await host.store.get('trace-2'))?.traceparent, traceParentOf('trace-2'));
  const [start] = named('trace-2', SPAN.mediaStart);
  assert.deepEqual([start?.spanId, start?.parentSpanId], [entrySpanIdOf('trace-2'), undefined]);
  browser.socket.close();
  await browser.closed;
  const back = await host.browser('?session_id=trace-2');
  await back.untilType('session_ready');
  assert.equal(named('trace-2', SPAN.mediaStart)[1]?.parentSpanId, entrySpanIdOf('trace-2'));
  back.socket.close();
});

test('a socket that is turned away is a span where its session is known, and none where it is not', async () => {
  const before = spans.length;
  const unknown = await host.phone('no-call', 'no-such-session');
  unknown.startCall();
  await unknown.closed;
  assert.equal(spans.length, before);
  await host.store.create({ ...phoneSession('trace-3'), mode: 'no_such_mode' });
  const odd = await host.phone('odd-call', 'trace-3');
  odd.startCall();
  await odd.closed;
  assert.equal(named('trace-3', SPAN.mediaStart)[0]?.attributes[ATTRIBUTE.httpStatus], 400);
});

test('a call that could not be picked up, as Redis was away, has that in its trace: its address names it', async () => {
  const other = await startHost(redis.url, { traces, place: 'away', waits: { pickUpMs: 100 } });
  await other.store.create(phoneSession('trace-4'));
  other.redis.disconnect();
  const phone = await other.phone('call-4', 'trace-4');
  phone.startCall();
  await phone.closed;
  await other.redis.connect();
  const [start] = named('trace-4', SPAN.mediaStart);
  assert.deepEqual([start?.error, start?.attributes[ATTRIBUTE.httpStatus]], ['redis.unavailable', 503]);
  await other.close();
});
