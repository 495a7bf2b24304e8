import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { randomSpanIds, traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { ATTRIBUTE, METRIC, SPAN } from '../../shared/telemetry/names.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ANSWER, HEARD, phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { observeSessions } from './observe-sessions.ts';
import { KeptMetrics, KeptSpans } from './testing/sinks.ts';
import { PLACES } from './testing/watched-session.ts';

const redis = await redisForTests();
const spans = new KeptSpans();
const metrics = new KeptMetrics();
const observe = observeSessions({
  ...{ telemetry: { spans, metrics }, places: PLACES, content: false },
  ...{ clock: systemClock, newSpanId: randomSpanIds },
});

test('a phone call through a whole host is one trace, from its socket to its end, and says nothing of what was said', async () => {
  const host = await startHost(redis.url, { observe });
  await host.store.create({ ...phoneSession('s-traced'), callConnectionId: 'c-traced', from: '+4930901820001' });
  const phone = await host.phone('c-traced', 's-traced');
  const line = phone.startCall();
  await phone.untilKind('AudioData');
  line.say(600);
  await eventually(() => metrics.values(METRIC.firstAudio).length === 1);
  await eventually(() => spans.named(SPAN.turn).length >= 2);
  phone.socket.close();
  await eventually(() => spans.named(SPAN.session).length === 1);
  assert.deepEqual([...new Set(spans.all.map(({ traceId }) => traceId))], [traceIdOf('s-traced')]);
  const answer = spans.named(SPAN.turn).find(({ attributes }) => attributes[ATTRIBUTE.measurements] !== undefined);
  const below = spans.all.filter(({ parentSpanId }) => parentSpanId === answer?.spanId);
  assert.deepEqual(below.map(({ name }) => name).toSorted(), ['execute_tool look_up_order', SPAN.recognition]);
  assert.equal(answer?.parentSpanId, spans.one(SPAN.sessionOpening).spanId);
  assert.ok(spans.all.every(({ startMs, endMs }) => startMs <= endMs && Math.abs(endMs - Date.now()) < 60_000));
  const told = JSON.stringify([spans.all, metrics.all]);
  for (const secret of [HEARD, ANSWER.slice(0, 12), '+4930901820001']) assert.ok(!told.includes(secret), secret);
  await host.close();
});
