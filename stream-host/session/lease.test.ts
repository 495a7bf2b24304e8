import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { phoneSession, redisForTests } from '../testing/host-under-test.ts';
import { claimSession, type SessionLease } from './lease.ts';
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

/** What Redis knows of whose a session is. */
async function claimOf(id: string) {
  const { session, owner } = sessionKeys(id);
  const [heldBy, wasHeld] = await redis.hmget(session, 'heldBy', 'wasHeld');
  return { holder: await redis.get(owner), heldBy, wasHeld };
}

/** A replica becomes the primary that knows this, and nothing that was written since. */
async function failOver(id: string, { holder, heldBy, wasHeld }: Awaited<ReturnType<typeof claimOf>>): Promise<void> {
  const { session, owner } = sessionKeys(id);
  await redis.del(owner);
  await redis.hdel(session, 'heldBy', 'wasHeld');
  if (holder) await redis.set(owner, holder, 'PX', 60_000);
  if (heldBy) await redis.hset(session, { heldBy });
  if (wasHeld) await redis.hset(session, { wasHeld });
}

test('whoever has let go of a session does not claim it anew, however late he learns that a failover has lost his claim (issue 17)', async () => {
  await store.create(phoneSession('let-go'));
  const unclaimed = await claimOf('let-go');
  const isTold = Promise.withResolvers<void>();
  let claims = 0;
  class LateStore extends SessionStore {
    override async renew(...asked: Parameters<SessionStore['renew']>) {
      const renewal = await super.renew(...asked);
      await isTold.promise;
      return renewal;
    }
    override claim(...asked: Parameters<SessionStore['claim']>) {
      claims += 1;
      return super.claim(...asked);
    }
  }
  const late = { ...options, store: new LateStore(redis, { ttlSeconds: 600 }) };
  const lease = (await claimSession('let-go', 'socket', late, unexpected)) ?? assert.fail('not claimed');
  await failOver('let-go', unclaimed);
  const renewing = lease.confirm();
  await lease.close();
  isTold.resolve();
  await renewing;
  assert.equal(claims, 1);
  assert.equal(await store.owner('let-go'), undefined);
});

test('whatever a failover has lost of its claims, one host at most goes on with a session, and one does where none is known (issue 17)', async () => {
  const places = ['a', 'b', 'c'];
  const step = fc.record({
    place: fc.constantFrom(...places),
    deed: fc.constantFrom('pick up', 'take over', 'make sure', 'let go', 'replicate', 'fail over'),
  });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
      runs += 1;
      const id = `failed-over-${runs}`;
      await store.create(phoneSession(id));
      for (const place of places) await store.hosts.announce(`${place}#1`, { sessions: 0, maxSessions: 9 }, 60_000);
      /** Who believes that the session is his. */
      const speaking = new Map<string, SessionLease>();
      let replica = await claimOf(id);
      const pickUp = async (place: string, socket: string) => {
        if (speaking.has(place)) return;
        const own = { ...options, host: { place, boot: '1' }, waitMs: 0 };
        const lease = await claimSession(id, socket, own, () => speaking.delete(place));
        if (lease) speaking.set(place, lease);
      };
      for (const [at, { place, deed }] of steps.entries()) {
        const deeds: Record<typeof deed, () => Promise<unknown>> = {
          'pick up': () => pickUp(place, `${at}`),
          'take over': async () => {
            await store.held.lost(id);
            await pickUp(place, `${at}`);
          },
          'make sure': async () => speaking.get(place)?.confirm(),
          'let go': async () => {
            await speaking.get(place)?.close();
            speaking.delete(place);
          },
          replicate: async () => {
            replica = await claimOf(id);
          },
          'fail over': () => failOver(id, replica),
        };
        await deeds[deed]();
      }
      const { holder, wasHeld } = await claimOf(id);
      const believed = [...speaking.values()];
      for (const lease of believed) await lease.confirm();
      const [left, ...others] = speaking.values();
      assert.deepEqual(others, []);
      if (left) assert.equal(await store.owner(id), left.owner);
      if (!holder && !wasHeld) assert.equal(left, believed[0]);
      await left?.close();
    }),
    { numRuns: 50 },
  );
});
