import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/clock.ts';
import { ANNOUNCED_FOR_MS } from '../../shared/sessions/hosts.ts';
import { randomSpanIds } from '../../shared/telemetry/call-trace.ts';
import { METRIC, SPAN } from '../../shared/telemetry/names.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { observeSessions } from './observe-sessions.ts';
import { KeptMetrics, KeptSpans } from './testing/sinks.ts';

const redis = await redisForTests();
const [metrics, spans] = [new KeptMetrics(), new KeptSpans()];
const observe = observeSessions({
  telemetry: { spans, metrics },
  places: new Map(),
  content: false,
  clock: systemClock,
  newSpanId: randomSpanIds,
});
const host = await startHost(redis.url, { observe });

/** A call that somebody had who was heard so long ago last, and what he had said in it. */
async function leftBy(hostId: string, id: string, silentMs: number): Promise<void> {
  const { store } = host;
  const owner = `${hostId}#socket`;
  await store.create(phoneSession(id));
  await store.claim(id, owner, 30_000);
  await store.owned(id, owner).write({ history: { from: 0, items: [{ role: 'agent', text: 'Hello.', heard: true }] } });
  await store.hosts.announce(hostId, { sessions: 1, maxSessions: 9 }, ANNOUNCED_FOR_MS - silentMs);
}

const silencesOf = () => metrics.values(METRIC.silence);

test('a caller whose host has died is silent until he hears the next one: it counts, and has a span in his trace', async () => {
  await leftBy('dead:1#a', 'left', 4_500);
  const phone = await host.phone('call-left', 'left');
  phone.startCall();
  await phone.untilKind('AudioData');
  await eventually(() => silencesOf().length > 0);
  const [ms = Number.NaN] = silencesOf();
  assert.ok(ms >= 4_000 && ms < 15_000, `${ms}`);
  assert.deepEqual(metrics.values(METRIC.silences), [1]);
  const { startMs, endMs, parentSpanId } = spans.one(SPAN.silence);
  assert.ok(Math.abs(endMs - startMs - ms) < 1);
  assert.equal(parentSpanId, spans.one(SPAN.sessionOpening).spanId);
  phone.socket.terminate();
});

test('a call that its host has handed over in a pause is no silence, however long its caller says nothing', async () => {
  const before = silencesOf().length;
  await leftBy('going:1#a', 'moved', 0);
  const { store } = host;
  await store.owned('moved', 'going:1#a#socket').set({ handedOverAt: Date.now() });
  await store.release('moved', 'going:1#a#socket');
  const phone = await host.phone('call-moved', 'moved');
  const talking = phone.startCall();
  await sleep(3_500);
  talking.say(400);
  await phone.untilKind('AudioData');
  await eventually(() => spans.named(SPAN.sessionOpening).length === 2);
  phone.socket.terminate();
  await eventually(async () => (await store.owner('moved')) === undefined);
  assert.equal(silencesOf().length, before);
});
