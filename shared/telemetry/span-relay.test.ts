import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { connectRedis } from '../sessions/connect.ts';
import { SPANS_KEY } from '../sessions/keys.ts';
import { redisesUnderTest } from '../sessions/testing/redis.ts';
import { eventually } from '../testing/eventually.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { FinishedSpan } from './span.ts';
import { SpanIntake } from './span-intake.ts';
import { SpanRelay } from './span-relay.ts';

const span = (n: number): FinishedSpan => ({
  traceId: 'a'.repeat(32),
  spanId: String(n).padStart(16, '0'),
  parentSpanId: 'b'.repeat(16),
  name: 'parley.call.answering',
  kind: 'internal',
  startMs: 1.25,
  endMs: 2.5,
  attributes: { 'session.id': 's', 'parley.attempt': n, 'parley.turn.interrupted': true },
  error: 'acs.refused',
  links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }],
});

for (const { kind, connect } of await redisesUnderTest()) {
  test(`spans are handed over as they are, each to one, and have a time to live (${kind})`, async () => {
    const redis = connect();
    const relay = new SpanRelay({ redis, clock: new VirtualClock() });
    for (let n = 1; n <= 450; n++) relay.record(span(n));
    relay.flush();
    await eventually(async () => (await redis.llen(SPANS_KEY)) === 450);
    assert.ok((await redis.pttl(SPANS_KEY)) > 3_500_000);
    const intakes = [new SpanIntake(connect()), new SpanIntake(connect())];
    const taken = await Promise.all(Array.from({ length: 6 }, (_, n) => intakes[n % 2]?.take(100)));
    const spans = taken.flatMap((each) => each?.spans ?? []);
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 450);
    assert.equal(spans.length, 450);
    assert.deepEqual(
      spans.find(({ spanId }) => spanId === span(1).spanId),
      span(1),
    );
    assert.deepEqual(await intakes[0]?.take(100), { spans: [], dropped: 0 });
  });

  test(`no more wait in Redis than ten thousand, and what had no room is counted (${kind})`, async () => {
    const redis = connect();
    const relay = new SpanRelay({ redis, clock: new VirtualClock() });
    for (let batch = 0; batch < 11; batch++) {
      for (let n = 0; n < 1000; n++) relay.record(span(batch * 1000 + n));
      relay.flush();
      const { spanId } = span(batch * 1000 + 999);
      await eventually(async () => (await redis.lindex(SPANS_KEY, -1))?.includes(spanId) === true);
    }
    // The count goes with the next ones.
    let lost = 0;
    await eventually(async () => {
      relay.record(span(11_000));
      relay.flush();
      lost += (await new SpanIntake(redis).take(20_000)).dropped;
      return lost >= 1000;
    });
  });

  test(`what another release wrote and this one cannot read is left out and counted (${kind})`, async () => {
    const redis = connect();
    await redis.del(SPANS_KEY);
    await redis.rpush(SPANS_KEY, 'no JSON', JSON.stringify({ ...span(1), traceId: 'x' }), JSON.stringify(span(2)));
    const { spans, dropped } = await new SpanIntake(redis).take(10);
    assert.deepEqual([spans.map(({ spanId }) => spanId), dropped], [[span(2).spanId], 2]);
  });
}

test('a span that no request’s end sends goes a moment later, and not more of them are kept than there is room for', async () => {
  const clock = new VirtualClock();
  const sent: number[] = [];
  const redis = connectRedis('redis://127.0.0.1:1', pino({ level: 'silent' }));
  redis.disconnect();
  const relay = new SpanRelay({ redis, clock });
  for (let n = 0; n < 1200; n++) relay.record(span(n));
  Object.assign(redis, { parleySpansAdd: async (...given: unknown[]) => sent.push(given.length - 3) && 0 });
  await clock.advance(100);
  // The first batch that goes tells what had no room.
  assert.deepEqual(sent, [201, 200, 200, 200, 200]);
});

test('without Redis nobody is told, nothing is kept, and the loss is counted', async () => {
  const clock = new VirtualClock();
  const redis = connectRedis('redis://127.0.0.1:1', pino({ level: 'silent' }));
  redis.disconnect();
  const relay = new SpanRelay({ redis, clock });
  relay.record(span(1));
  await clock.advance(100);
  const lines: unknown[] = [];
  Object.assign(redis, { parleySpansAdd: async (...given: unknown[]) => lines.push(...given.slice(3)) && 0 });
  await eventually(() => {
    relay.record(span(2));
    relay.flush();
    return lines.includes('{"dropped":1}');
  });
});

test('of many requests that end at once, while Redis is slow, no span is lost (ends of fifteen calls)', async () => {
  const clock = new VirtualClock();
  const redis = connectRedis('redis://127.0.0.1:1', pino({ level: 'silent' }));
  redis.disconnect();
  const relay = new SpanRelay({ redis, clock });
  const lines: unknown[] = [];
  const add = async (...given: unknown[]) => {
    await new Promise<void>((resolve) => clock.after(500, resolve));
    lines.push(...given.slice(3));
    return 0;
  };
  Object.assign(redis, { parleySpansAdd: add });
  for (let n = 0; n < 300; n++) {
    relay.record(span(n));
    relay.flush();
  }
  await clock.advance(2_000);
  assert.equal(new Set(lines).size, 300);
});
