import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { randomIds } from '../shared/ids.ts';
import { connectRedis } from '../shared/sessions/connect.ts';
import { patientRedis } from '../shared/sessions/testing/patient-redis.ts';
import { VirtualClock } from '../shared/virtual-clock.ts';
import { type FoundRedis, findRedis } from '../start/redis.ts';
import { Once } from './once.ts';

const log = pino({ level: 'silent' });
let server: FoundRedis;
let redis: Redis;
let once: Once;

before(async () => {
  server = await findRedis({ log });
  redis = patientRedis(server.url);
  once = new Once({ redis, clock: systemClock, newId: randomIds });
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

/** One who began, fell asleep past its lease, and wakes when another one is at the same work. */
async function overtaken(key: string) {
  const clock = new VirtualClock();
  const sleeper = new Once({ redis, clock, newId: randomIds });
  const old = Promise.withResolvers<string>();
  const fresh = Promise.withResolvers<string>();
  const atWork = Promise.withResolvers<void>();
  const first = sleeper.run(key, '', log, () => {
    atWork.resolve();
    return old.promise;
  });
  await atWork.promise;
  await redis.del(`parley:once:${key}`);
  const began = Promise.withResolvers<void>();
  const second = once.run(key, '', log, () => {
    began.resolve();
    return fresh.promise;
  });
  await began.promise;
  return { clock, old, fresh, first, second, mark: await redis.get(`parley:once:${key}`) };
}

test('whose lease was taken over neither renews, nor deletes, nor overwrites the mark of the other (review 4.9)', async () => {
  const failing = await overtaken('overtaken-1');
  await redis.pexpire('parley:once:overtaken-1', 1_500);
  await failing.clock.advance(1_100);
  assert.ok((await redis.pttl('parley:once:overtaken-1')) <= 1_500, 'renewed by the wrong one');
  failing.old.reject(new Error('no'));
  await assert.rejects(failing.first, /no/);
  assert.equal(await redis.get('parley:once:overtaken-1'), failing.mark);
  await assert.rejects(
    once.run('overtaken-1', '', log, () => assert.fail('done beside the other')),
    { code: 'once.running' },
  );
  failing.fresh.resolve('fresh');
  await failing.second;

  const late = await overtaken('overtaken-2');
  late.old.resolve('old');
  assert.equal((await late.first).answer, 'old');
  assert.equal(await redis.get('parley:once:overtaken-2'), late.mark);
  late.fresh.resolve('fresh');
  await late.second;
  const { answer } = await once.run('overtaken-2', '', log, () => assert.fail('done again'));
  assert.equal(answer, 'fresh');
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
    new Once({ redis: broken, clock: systemClock, newId: randomIds }).run('f', '', log, () => assert.fail('done')),
    { code: 'redis.unavailable' },
  );
  broken.disconnect();
  const brittle = patientRedis(server.url);
  const { answer } = await new Once({ redis: brittle, clock: systemClock, newId: randomIds }).run(
    'g',
    '',
    log,
    async () => {
      brittle.disconnect();
      return 'placed';
    },
  );
  assert.equal(answer, 'placed');
});
