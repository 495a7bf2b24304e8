import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { phoneSession, redisForTests } from '../testing/host-under-test.ts';
import { SessionRecorder } from './session-log.ts';

const log = pino({ level: 'silent' });
const server = await redisForTests();
const redis = connectRedis(server.url, log, { commandTimeoutMs: 300 });
const store = new SessionStore(redis, { ttlSeconds: 600 });
after(() => redis.disconnect());

const recorderOf = (sessionId: string, maxBacklog = 256) =>
  new SessionRecorder({ session: store.owned(sessionId, ''), clock: systemClock, log, maxBacklog });

const seen = async (id: string) => (await store.events(id)).map((event) => event.data.n);

test('events are written in order and the newest of each field of the session', async () => {
  await store.create(phoneSession('r-1'));
  const recorder = recorderOf('r-1');
  const said: HistoryItem[] = [];
  for (let n = 0; n < 50; n += 1) {
    recorder.record('step', { n });
    said.push({ role: 'caller', text: String(n) });
    recorder.rewrite(said);
  }
  recorder.patch({ endReason: 'done' });
  await recorder.close(2000);
  assert.deepEqual(
    await seen('r-1'),
    Array.from({ length: 50 }).map((_, n) => n),
  );
  const session = await store.get('r-1');
  assert.deepEqual(await store.history('r-1'), said);
  assert.equal(session?.endReason, 'done');
  assert.ok((session?.version ?? 0) < 52, 'fifty histories were merged into fewer changes');
});

test('while Redis is away the newest are kept, the rest is counted, and all of it is written when it is back', async () => {
  await store.create(phoneSession('r-2'));
  const recorder = recorderOf('r-2', 10);
  redis.disconnect();
  for (let n = 0; n < 30; n += 1) recorder.record('step', { n });
  recorder.patch({ endReason: 'kept' });
  await sleep(50);
  assert.equal(recorder.dropped, 20);
  await redis.connect();
  for (let attempt = 0; attempt < 100 && (await seen('r-2')).length < 10; attempt += 1) await sleep(20);
  assert.deepEqual(await seen('r-2'), [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  assert.equal((await store.get('r-2'))?.endReason, 'kept');
});

test('a session that is gone from Redis is not written for ever, and closing does not wait for it', async () => {
  const recorder = recorderOf('never-was');
  for (let n = 0; n < 5; n += 1) recorder.record('step', { n });
  recorder.patch({ endReason: 'lost' });
  await recorder.close(2000);
  assert.equal(recorder.dropped, 5);
});

test('closing is bounded when Redis does not come back', async () => {
  await store.create(phoneSession('r-3'));
  const recorder = recorderOf('r-3');
  redis.disconnect();
  recorder.record('step', { n: 0 });
  await recorder.close(100);
  await redis.connect();
  assert.deepEqual(await seen('r-3'), []);
});

test('after the session was given up to somebody else nothing more is written', async () => {
  await store.create(phoneSession('r-4'));
  const recorder = recorderOf('r-4');
  recorder.abandon();
  recorder.record('step', { n: 1 });
  recorder.patch({ endReason: 'not ours' });
  await recorder.close(500);
  assert.deepEqual(await seen('r-4'), []);
  assert.equal((await store.get('r-4'))?.endReason, undefined);
});
