import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { phoneSession, redisForTests } from '../testing/host-under-test.ts';
import { claimSession } from './lease.ts';
import { pickUp } from './pick-up.ts';

const log = pino({ level: 'silent' });
const server = await redisForTests();
const redis = patientRedis(server.url);
const store = new SessionStore(redis, { ttlSeconds: 600 });
const host = { place: 'place', boot: 'boot' };
const options = { store, host, clock: systemClock, log };
const unexpected = () => assert.fail('the lease is not lost');
after(() => redis.disconnect());

test('a Redis that is away for a moment delays the picking up of a call, and does not refuse it', async () => {
  await store.create(phoneSession('away'));
  redis.disconnect();
  const picked = pickUp({ sessionId: 'away', callConnectionId: 'call-away' }, { store, clock: systemClock });
  const claimed = claimSession('away', 'socket', options, unexpected);
  await sleep(300);
  await redis.connect();
  assert.equal((await picked).callConnectionId, 'call-away');
  const lease = (await claimed) ?? assert.fail('not claimed');
  assert.equal(await store.owner('away'), 'place#boot#socket');
  await lease.close();
  assert.equal(await store.owner('away'), undefined);
});

test('a Redis that stays away is told as the outage that it is', async () => {
  redis.disconnect();
  const unavailable = { code: 'redis.unavailable' };
  await assert.rejects(pickUp({ sessionId: 'x' }, { store, clock: systemClock, waitMs: 100 }), unavailable);
  await assert.rejects(claimSession('x', 'socket', { ...options, waitMs: 100 }, unexpected), unavailable);
  await redis.connect();
});

test('whoever holds a lease learns that Redis has lost the session, and keeps the lease (H2)', async () => {
  await store.create(phoneSession('gone'));
  let gone = 0;
  const lease = await claimSession(
    'gone',
    'socket',
    { ...options, leaseMs: 150, onGone: () => void gone++ },
    unexpected,
  );
  await redis.del('parley:{gone}:session', 'parley:{gone}:owner');
  await eventually(() => gone > 0);
  await eventually(async () => (await store.owner('gone')) === 'place#boot#socket');
  await lease?.close();
});

test('whoever holds a lease can ask whether it is still held; a Redis that is away says nothing against it (two hosts)', async () => {
  await store.create(phoneSession('held'));
  const lease = (await claimSession('held', 'socket', options, unexpected)) ?? assert.fail('not claimed');
  assert.equal(await lease.isHeld(), true);
  const isGone = once(redis, 'end');
  redis.disconnect();
  assert.equal(await lease.isHeld(), true);
  // Before, the end of the old connection would be taken for that of the new one.
  await isGone;
  await redis.connect();
  await store.release('held', lease.owner);
  assert.equal(await store.claim('held', 'other', 5000), true);
  assert.equal(await lease.isHeld(), false);
  await lease.close();
  assert.equal(await lease.isHeld(), false);
});

test('whoever gets the socket of a call takes it over at once, where the carrier has told that the last one is gone (issue 17)', async () => {
  await store.create(phoneSession('told'));
  await store.hosts.announce('alive#1', { sessions: 1, maxSessions: 9 }, 6000);
  await store.claim('told', 'alive#1#socket', 60_000);
  assert.equal(await claimSession('told', 'socket', { ...options, waitMs: 0 }, unexpected), undefined);
  await store.held.lost('told');
  const lease =
    (await claimSession('told', 'socket', { ...options, waitMs: 0 }, unexpected)) ?? assert.fail('not claimed');
  await assert.rejects(store.owned('told', 'alive#1#socket').set({ endReason: 'late' }), {
    code: 'session.lease-lost',
  });
  await lease.close();
});

test('and where its host was not heard for 3 s; one that is heard keeps it (issue 17)', async () => {
  await store.create(phoneSession('silent'));
  await store.claim('silent', 'frozen#1#socket', 60_000);
  await store.hosts.announce('frozen#1', { sessions: 1, maxSessions: 9 }, 3500);
  assert.equal(await claimSession('silent', 'socket', { ...options, waitMs: 0 }, unexpected), undefined);
  await store.hosts.announce('frozen#1', { sessions: 1, maxSessions: 9 }, 2900);
  const lease =
    (await claimSession('silent', 'socket', { ...options, waitMs: 0 }, unexpected)) ?? assert.fail('not claimed');
  // It was heard 3.1 s ago, and is gone since the half second after that.
  const aloneMs = (await store.held.aloneMs('silent')) ?? assert.fail('not known');
  assert.ok(aloneMs >= 2600 && aloneMs < 5000, `${aloneMs}`);
  await lease.close();
});

test('of a host that is forgotten, its lease tells when it was heard', async () => {
  await store.create(phoneSession('forgotten'));
  await store.claim('forgotten', 'forgotten#1#socket', 12_000);
  const lease =
    (await claimSession('forgotten', 'socket', { ...options, leaseMs: 30_000, waitMs: 0 }, unexpected)) ??
    assert.fail('not claimed');
  const aloneMs = (await store.held.aloneMs('forgotten')) ?? assert.fail('not known');
  assert.ok(aloneMs >= 17_500 && aloneMs < 20_000, `${aloneMs}`);
  await lease.close();
});

test('a host can make sure of a session at any time, and learns at once that it is somebody else’s (issue 17)', async () => {
  await store.create(phoneSession('sure'));
  let lost = 0;
  const lease = (await claimSession('sure', 'socket', options, () => void lost++)) ?? assert.fail('not claimed');
  await lease.confirm();
  assert.equal(lost, 0);
  await store.release('sure', lease.owner);
  await store.claim('sure', 'other', 5000);
  await lease.confirm();
  await lease.confirm();
  assert.equal(lost, 1);
});
