import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { AcsDouble } from '../../functions/testing/acs-double.ts';
import { type FoundRedis, findRedis } from '../../start/redis.ts';
import { AcsCarrier } from '../carrier/acs/acs-carrier.ts';
import type { Session } from '../sessions/session.ts';
import { SessionStore } from '../sessions/session-store.ts';
import { patientRedis } from '../sessions/testing/patient-redis.ts';
import { MediaRecovery } from './media-recovery.ts';

const log = pino({ level: 'silent' });
let server: FoundRedis;
let redis: Redis;
let store: SessionStore;
let acs: AcsDouble;
let calls: AcsCarrier;

before(async () => {
  server = await findRedis({ log });
  redis = patientRedis(server.url);
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
function recoveryWith({ delaysMs, meanwhile }: { delaysMs?: number[]; meanwhile?: () => Promise<unknown> } = {}) {
  const waitedMs: number[] = [];
  const recovery = new MediaRecovery({ redis, store, carrier: calls, ...(delaysMs && { delaysMs }) });
  return {
    waitedMs,
    /** A loss, and the steps that follow from it, each with the session as it is then. */
    async lost(given: Session, what: 'media' | 'words' = 'media'): Promise<string> {
      let [session, data]: [Session, Readonly<Record<string, unknown>>] = [given, {}];
      for (;;) {
        const step = await recovery[what](session, 'connection-1', data, log);
        if (typeof step === 'string') return step;
        waitedMs.push(step.inMs);
        await meanwhile?.();
        session = (await store.get(given.id)) ?? given;
        data = step.data;
      }
    },
  };
}

test('each loss makes one attempt after a longer wait, and at last the call is hung up', async () => {
  const session = await standing();
  const { lost, waitedMs } = recoveryWith({ delaysMs: [100, 200, 400] });
  const outcomes: string[] = [];
  for (let loss = 0; loss < 4; loss++) outcomes.push(await lost(session));
  assert.deepEqual(outcomes, ['restarting', 'restarting', 'restarting', 'given-up']);
  assert.deepEqual(waitedMs, [100, 200, 400]);
  assert.deepEqual(acs.operations, ['startMediaStreaming', 'startMediaStreaming', 'startMediaStreaming', 'terminate']);
  assert.equal((await store.get(session.id))?.endReason, 'media-lost');
});

test('by default the attempts go on for 40 s, and no wait is longer than 1.5 s', async () => {
  const session = await standing();
  const { lost, waitedMs } = recoveryWith();
  while ((await lost(session)) === 'restarting');
  const totalMs = waitedMs.reduce((sum, delayMs) => sum + delayMs, 0);
  assert.ok(totalMs >= 35_000 && totalMs <= 45_000, `${totalMs} ms`);
  assert.ok(Math.max(...waitedMs) <= 1_500);
});

test('a call that ends during the wait is left alone', async () => {
  const session = await standing();
  const { lost } = recoveryWith({ meanwhile: () => store.update(session.id, () => ({ status: 'disconnected' })) });
  assert.equal(await lost(session), 'not-needed');
  assert.deepEqual(acs.operations, []);
});

test('a call that was to be ended is ended, if whoever ended it has not got through (review 4.2)', async () => {
  const { id } = await standing();
  const session = await store.update(id, () => ({ endReason: 'agent-ended' }));
  const { lost } = recoveryWith();
  assert.equal(await lost(session), 'ended');
  assert.deepEqual(acs.operations, ['terminate']);
  acs.failing = { path: ':terminate', failure: { status: 503, code: '5030' } };
  await assert.rejects(lost(session), { code: 'acs.unavailable' });

  acs.reset();
  const told = recoveryWith({ meanwhile: () => store.update(id, () => ({ status: 'disconnected' })) });
  assert.equal(await told.lost(session), 'not-needed');
  assert.deepEqual(acs.operations, []);
});

test('a call whose end ACS refuses, which was to be ended or whose media does not come back, is not taken for one that is over (left 16-2)', async () => {
  const { id } = await standing();
  acs.failing = { path: ':terminate', failure: { status: 400, code: 'No' } };
  const { lost } = recoveryWith({ delaysMs: [] });
  await assert.rejects(lost((await store.get(id)) ?? assert.fail()), { code: 'acs.refused' });
  const session = await store.get(id);
  assert.equal(session?.endReason, 'media-lost');
  await assert.rejects(lost(session), { code: 'acs.refused' });
  acs.failing = undefined;
  assert.equal(await lost(session), 'ended');
});

test('a call that ACS knows no more needs no media', async () => {
  const session = await standing();
  acs.failing = { path: ':startMediaStreaming', failure: { status: 404, code: '8522' } };
  const { lost } = recoveryWith();
  assert.equal(await lost(session), 'not-needed');
});

test('the count of attempts does not stay for ever', async () => {
  const session = await standing();
  const { lost } = recoveryWith();
  await lost(session);
  const [key = ''] = await redis.keys(`parley:{${session.id}}:media*`);
  const ttlMs = await redis.pttl(key);
  assert.ok(ttlMs > 0 && ttlMs <= 60_000);
});

test('words of the carrier that are lost are asked for again, but not for ever, and the call goes on without them', async () => {
  const session = await standing();
  const { lost } = recoveryWith({ delaysMs: [1, 1] });
  const outcomes: string[] = [];
  for (let loss = 0; loss < 3; loss++) outcomes.push(await lost(session, 'words'));
  assert.deepEqual(outcomes, ['restarting', 'restarting', 'given-up']);
  assert.deepEqual(acs.operations, ['startTranscription', 'startTranscription']);
});
