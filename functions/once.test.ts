import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { connectRedis } from '../shared/sessions/connect.ts';
import { type FoundRedis, findRedis } from '../start/redis.ts';
import { Once } from './once.ts';

const log = pino({ level: 'silent' });
let server: FoundRedis;
let redis: Redis;
let once: Once;

before(async () => {
  server = await findRedis({ log });
  redis = connectRedis(server.url, log);
  once = new Once(redis);
});
after(async () => {
  redis.disconnect();
  await server.close();
});

test('work is done once, and who asks again gets its answer', async () => {
  let done = 0;
  const work = async () => ({ call: ++done });
  assert.deepEqual(await once.run('a', 'input', log, work), { first: true, answer: { call: 1 } });
  assert.deepEqual(await once.run('a', 'input', log, work), { first: false, answer: { call: 1 } });
  assert.equal(done, 1);
  const ttlMs = await redis.pttl('parley:once:a');
  assert.ok(ttlMs > 60_000 && ttlMs <= 86_400_000);
});

test('work without an answer is remembered too', async () => {
  await once.run('b', '', log, async () => undefined);
  assert.deepEqual(await once.run('b', '', log, () => assert.fail('done twice')), { first: false, answer: null });
});

test('work that failed is forgotten, and done when it is asked for again', async () => {
  const failing = () => Promise.reject(new Error('no'));
  await assert.rejects(once.run('c', '', log, failing), /no/);
  assert.equal((await once.run('c', '', log, async () => 1)).first, true);
});

test('while one is at it, another is told to ask again', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const started = Promise.withResolvers<void>();
  const first = once.run('d', '', log, () => {
    started.resolve();
    return promise;
  });
  await started.promise;
  await assert.rejects(
    once.run('d', '', log, async () => 2),
    { code: 'once.running', status: 503 },
  );
  const ttlMs = await redis.pttl('parley:once:d');
  assert.ok(ttlMs > 0 && ttlMs <= 3_000, 'a process that dies must not keep the work for ever');
  resolve(1);
  assert.deepEqual(await first, { first: true, answer: 1 });
});

test('work that takes long keeps its lease', async () => {
  const started = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<number>();
  const first = once.run('long', '', log, () => {
    started.resolve();
    return promise;
  });
  await started.promise;
  await redis.pexpire('parley:once:long', 1_500);
  const until = performance.now() + 4_000;
  while ((await redis.pttl('parley:once:long')) <= 1_500 && performance.now() < until) await delay(20);
  assert.ok((await redis.pttl('parley:once:long')) > 1_500, 'nobody renewed the lease');
  resolve(1);
  await first;
  assert.ok((await redis.pttl('parley:once:long')) > 60_000, 'what is done is remembered for long');
});

test('another input under the same key is a mistake', async () => {
  await once.run('e', 'one', log, async () => 1);
  await assert.rejects(
    once.run('e', 'two', log, async () => 2),
    { code: 'once.input-differs', status: 409 },
  );
});

test('without Redis no work is done, but work that was done is answered though it cannot be noted', async () => {
  const broken = connectRedis('redis://127.0.0.1:1', log, { commandTimeoutMs: 50 });
  await assert.rejects(
    new Once(broken).run('f', '', log, () => assert.fail('done')),
    { code: 'redis.unavailable' },
  );
  broken.disconnect();
  const brittle = connectRedis(server.url, log, { commandTimeoutMs: 50 });
  const { answer } = await new Once(brittle).run('g', '', log, async () => {
    brittle.disconnect();
    return 'placed';
  });
  assert.equal(answer, 'placed');
});
