import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { type FoundRedis, findRedis } from '../../start/redis.ts';
import { AcsDouble } from '../testing/acs-double.ts';
import { MediaRecovery } from './media-recovery.ts';

const log = pino({ level: 'silent' });
const LOST = { details: 'streamConnectionInterrupted', onPurpose: false };
let server: FoundRedis;
let redis: Redis;
let store: SessionStore;
let acs: AcsDouble;
let calls: AcsCarrier;

before(async () => {
  server = await findRedis({ log });
  redis = connectRedis(server.url, log);
  store = new SessionStore(redis, { ttlSeconds: 600 });
  acs = await AcsDouble.start();
  calls = new AcsCarrier({
    access: { connectionString: acs.connectionString },
    callbackBase: 'http://f',
    mediaBase: 'ws://m',
  });
});
after(async () => {
  redis.disconnect();
  acs.close();
  await server.close();
});
beforeEach(() => acs.reset());

const standing = (): Promise<Session> =>
  store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: 'connection-1',
  });

/** Ends each wait at once and remembers how long it was to be, or does something first. */
function quickClock(meanwhile: () => Promise<unknown> = async () => undefined) {
  const waitedMs: number[] = [];
  const clock: Clock = {
    now: systemClock.now,
    wallMs: systemClock.wallMs,
    after(delayMs, task) {
      waitedMs.push(delayMs);
      meanwhile().then(task);
      return () => undefined;
    },
  };
  return { waitedMs, clock };
}

test('each loss makes one attempt after a longer wait, and at last the call is hung up', async () => {
  const session = await standing();
  const { clock, waitedMs } = quickClock();
  const recovery = new MediaRecovery({ redis, store, calls, clock, delaysMs: [100, 200, 400] });
  const outcomes: string[] = [];
  for (let loss = 0; loss < 4; loss++) outcomes.push(await recovery.mediaLost(session, 'connection-1', LOST, log));
  assert.deepEqual(outcomes, ['restarting', 'restarting', 'restarting', 'given-up']);
  assert.deepEqual(waitedMs, [100, 200, 400]);
  assert.deepEqual(acs.operations, ['startMediaStreaming', 'startMediaStreaming', 'startMediaStreaming', 'terminate']);
  assert.equal((await store.get(session.id))?.endReason, 'media-lost');
});

test('by default the attempts go on for 40 s, and no wait is longer than 1.5 s', async () => {
  const session = await standing();
  const { clock, waitedMs } = quickClock();
  const recovery = new MediaRecovery({ redis, store, calls, clock });
  while ((await recovery.mediaLost(session, 'connection-1', LOST, log)) === 'restarting');
  const totalMs = waitedMs.reduce((sum, delayMs) => sum + delayMs, 0);
  assert.ok(totalMs >= 35_000 && totalMs <= 45_000, `${totalMs} ms`);
  assert.ok(Math.max(...waitedMs) <= 1_500);
});

test('media that ACS stopped on purpose is left alone', async () => {
  const session = await standing();
  const recovery = new MediaRecovery({ redis, store, calls, clock: quickClock().clock });
  assert.equal(await recovery.mediaLost(session, 'connection-1', { onPurpose: true }, log), 'not-needed');
  assert.deepEqual(acs.operations, []);
});

test('a call that ends during the wait is left alone', async () => {
  const session = await standing();
  const { clock } = quickClock(() => store.update(session.id, () => ({ status: 'disconnected' })));
  const recovery = new MediaRecovery({ redis, store, calls, clock });
  assert.equal(await recovery.mediaLost(session, 'connection-1', LOST, log), 'not-needed');
  assert.deepEqual(acs.operations, []);
});

test('a call that was to be ended is ended, if whoever ended it has not got through (review 4.2)', async () => {
  const { id } = await standing();
  const session = await store.update(id, () => ({ endReason: 'agent-ended' }));
  const recovery = new MediaRecovery({ redis, store, calls, clock: quickClock().clock });
  assert.equal(await recovery.mediaLost(session, 'connection-1', LOST, log), 'ended');
  assert.deepEqual(acs.operations, ['terminate']);
  acs.failing = { path: ':terminate', failure: { status: 503, code: '5030' } };
  await assert.rejects(recovery.mediaLost(session, 'connection-1', LOST, log), { code: 'acs.unavailable' });

  acs.reset();
  const { clock } = quickClock(() => store.update(id, () => ({ status: 'disconnected' })));
  const told = new MediaRecovery({ redis, store, calls, clock });
  assert.equal(await told.mediaLost(session, 'connection-1', LOST, log), 'not-needed');
  assert.deepEqual(acs.operations, []);
});

test('a call that ACS knows no more needs no media', async () => {
  const session = await standing();
  acs.failing = { path: ':startMediaStreaming', failure: { status: 404, code: '8522' } };
  const recovery = new MediaRecovery({ redis, store, calls, clock: quickClock().clock });
  assert.equal(await recovery.mediaLost(session, 'connection-1', LOST, log), 'not-needed');
});

test('the count of attempts does not stay for ever', async () => {
  const session = await standing();
  const recovery = new MediaRecovery({ redis, store, calls, clock: quickClock().clock });
  await recovery.mediaLost(session, 'connection-1', LOST, log);
  const [key = ''] = await redis.keys(`parley:{${session.id}}:media*`);
  const ttlMs = await redis.pttl(key);
  assert.ok(ttlMs > 0 && ttlMs <= 60_000);
});
