import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import type { HistoryItem } from './history.ts';
import type { SessionStore } from './session-store.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const said = (text: string): HistoryItem => ({ role: 'caller', text });

/** Every way in which the holder of a session writes to it. */
const writes = (store: SessionStore, id: string, owner: string): Record<string, () => Promise<unknown>> => ({
  set: () => store.owned(id, owner).set({ endReason: `by ${owner}` }),
  append: () => store.owned(id, owner).append({ type: `by ${owner}`, source: 'stream-host', data: {} }),
  writeHistory: () => store.owned(id, owner).write({ history: { from: 0, items: [said(`by ${owner}`)] } }),
});

async function everything(store: SessionStore, id: string) {
  return { session: await store.get(id), events: await store.events(id), history: await store.history(id) };
}

for (const redis of await redisesUnderTest()) {
  describe(`nothing that a session writes outlives its lease, on ${redis.kind}`, () => {
    const raw = redis.connect();
    const store = redis.store();
    const other = redis.store();
    const lost = { code: 'session.lease-lost', status: 409 };

    const refusesAll = async (id: string, owner: string) => {
      const before = await everything(other, id);
      for (const [name, write] of Object.entries(writes(store, id, owner))) {
        await assert.rejects(write(), lost, `${name} of ${owner}`);
      }
      assert.deepEqual(await everything(other, id), before);
    };

    test('a claim that a failover has lost is told as a session that is lost, which its holder claims anew (issue 17)', async () => {
      // As a replica has it that was told of the session, and not of its claim.
      const { id } = await store.create(newSession());
      assert.equal(await store.renew(id, 'a', 5000), 'gone');
      for (const write of Object.values(writes(store, id, 'a'))) {
        await assert.rejects(write(), { code: 'session.not-found' });
      }
      assert.equal(await store.claim(id, 'a', 5000), true);
      for (const write of Object.values(writes(store, id, 'a'))) await write();
      await store.release(id, 'a');
      assert.equal(await store.renew(id, 'a', 5000), 'lost');
      await refusesAll(id, 'a');
    });

    test('a call of which a failover has lost which it is, and that it stands, has both again once its host writes it, and one that is over is left so (issue 17)', async () => {
      for (const [status, becomes] of [
        ['initiating', 'connected'],
        ['disconnected', 'disconnected'],
      ] as const) {
        const known = await store.create({ ...newSession(), status });
        const callConnectionId = `call of ${known.id}`;
        const own = { ...known, status: 'connected', connectedAt: 5, callConnectionId, serverCallId: 's' } as const;
        assert.equal(await store.restore(own, [], { owner: 'a', leaseMs: 5000 }), false);
        const now = await store.get(known.id);
        assert.deepEqual([now?.status, now?.connectedAt], [becomes, becomes === 'connected' ? 5 : undefined]);
        assert.partialDeepStrictEqual(await store.findByCall(callConnectionId), {
          id: known.id,
          callConnectionId,
          serverCallId: 's',
        });
      }
    });

    test('the holder writes, and nobody else (review 4.5)', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'a', 5000), true);
      for (const write of Object.values(writes(store, id, 'a'))) await write();
      assert.partialDeepStrictEqual(await everything(store, id), {
        session: { endReason: 'by a' },
        history: [said('by a')],
      });
      await refusesAll(id, 'b');
      await refusesAll(id, 'a#');
    });

    test('of two hosts, the one that slept past its lease lands not one write after the other took over (review 4.5)', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'old', 40), true);
      await writes(store, id, 'old').writeHistory?.();
      await eventually(async () => (await store.owner(id)) === undefined);
      assert.equal(await other.claim(id, 'new', 5000), true);
      await other.owned(id, 'new').write({ history: { from: 1, items: [said('by new')] } });
      await refusesAll(id, 'old');
      assert.equal(await store.renew(id, 'old', 5000), 'lost');

      // The other one is done with it by now, so that no lease stands in the way any more.
      await other.release(id, 'new');
      await refusesAll(id, 'old');
      assert.equal(await store.renew(id, 'old', 5000), 'lost');
      assert.deepEqual(await store.history(id), [said('by old'), said('by new')]);
    });

    test('a lease that ran out while nobody else came is no obstacle, and is taken up again', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'a', 30), true);
      await eventually(async () => (await store.owner(id)) === undefined);
      for (const write of Object.values(writes(store, id, 'a'))) await write();
      assert.equal(await store.owner(id), undefined, 'a write alone does not prolong it');
      assert.equal(await store.renew(id, 'a', 5000), 'held');
      assert.equal(await store.owner(id), 'a');
    });

    test('what is still on its way when the holder lets go does not land', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'a', 5000), true);
      await store.release(id, 'a');
      await refusesAll(id, 'a');
      assert.equal(await store.claim(id, 'a', 30), true);
      await eventually(async () => (await store.owner(id)) === undefined);
      await store.release(id, 'a');
      await refusesAll(id, 'a');
    });

    test('whoever takes a session up learns since when nobody has had it: since it was let go of, or since its host was heard', async () => {
      const { id } = await store.create(newSession());
      await store.claim(id, 'a', 5000);
      assert.equal(await store.held.aloneMs(id), undefined, 'nobody had it before');
      await store.release(id, 'a');
      await other.claim(id, 'b', 5000);
      const letGoMs = (await other.held.aloneMs(id)) ?? assert.fail('not known');
      assert.ok(letGoMs < 2500, `${letGoMs}`);
      await other.release(id, 'a');
      await other.release(id, 'b', 4000.4);
      await store.claim(id, 'c', 5000);
      const goneMs = (await store.held.aloneMs(id)) ?? assert.fail('not known');
      assert.ok(goneMs >= 4000 && goneMs < 6500, `${goneMs}`);
    });

    test('nobody has had a session since its lease was renewed last, where its host never let go of it', async () => {
      const { id } = await store.create(newSession());
      await store.claim(id, 'dead', 5000);
      await raw.pexpire(`parley:{${id}}:owner`, 0);
      await store.claim(id, 'dead', 5000);
      assert.equal(await store.held.aloneMs(id), undefined, 'it is his still');
      await raw.pexpire(`parley:{${id}}:owner`, 0);
      await store.claim(id, 'new', 5000);
      const aloneMs = (await store.held.aloneMs(id)) ?? assert.fail('not known');
      assert.ok(aloneMs >= 5000 && aloneMs < 7500, `${aloneMs}`);
      await store.claim('no-session', 'new', 5000);
      assert.equal(await store.held.aloneMs('no-session'), undefined);
    });

    test('events of one batch land together, dated as they happened', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'a', 5000), true);
      const event = { type: 'x', source: 'stream-host', data: { n: 1 } } as const;
      const ids = await store.owned(id, 'a').append({ ...event, at: 17 }, event);
      const events = await store.events(id);
      assert.deepEqual(
        events.map((each) => each.id),
        ids,
      );
      assert.equal(events[0]?.at, 17);
      assert.ok((events[1]?.at ?? 0) > 1_700_000_000_000);
    });

    test('a session that Redis has lost is written again by the one who holds it, and by nobody else (H2)', async () => {
      const fields = { callConnectionId: `lost-${redis.kind}`, status: 'connected', connectedAt: 5 } as const;
      const session = await store.create({ ...newSession(), ...fields });
      assert.equal(await store.claim(session.id, 'a', 5000), true);
      await raw.flushdb();
      assert.equal(await store.renew(session.id, 'a', 5000), 'gone');
      await assert.rejects(store.owned(session.id, 'a').set({ endReason: 'x' }), { code: 'session.not-found' });

      const history = [said('one'), said('two')];
      const lease = { owner: 'a', leaseMs: 5000 };
      assert.equal(await store.restore(session, history, lease), true);
      const restored = { ...session, restored: true };
      assert.deepEqual(await other.findByCall(`lost-${redis.kind}`), restored);
      assert.deepEqual(await other.history(session.id), history);
      assert.deepEqual((await other.list({ limit: 5 })).sessions, [restored]);
      assert.equal(await other.owner(session.id), 'a');
      assert.equal(await store.renew(session.id, 'a', 5000), 'held');
      await store.owned(session.id, 'a').write({ history: { from: 2, items: [said('three')] } });

      assert.deepEqual(await raw.zrange('parley:watch', 0, '-1'), [session.id], 'and somebody looks after its call');

      const changed = { ...session, agent: 'another' };
      assert.equal(
        await other.restore(changed, [], { owner: 'b', leaseMs: 5000 }),
        false,
        'never over one that is there',
      );
      assert.equal((await store.get(session.id))?.agent, 'orders');
      assert.equal((await store.history(session.id)).length, 3);

      await raw.flushdb();
      assert.equal(await store.restore({ ...session, status: 'ringing' }, history, lease), true);
      assert.equal((await store.get(session.id))?.status, 'connected', 'who holds a call hears it');

      await raw.flushdb();
      assert.equal(await other.claim(session.id, 'b', 5000), true);
      await assert.rejects(store.restore(session, history, lease), lost);
      assert.equal(await store.get(session.id), undefined);
    });
  });
}
