import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { eventually } from '../testing/eventually.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

for (const redis of await redisesUnderTest()) {
  describe(`a session store on ${redis.kind}`, () => {
    const raw = redis.connect();
    const store = redis.store();
    const other = redis.store();

    test('gives back what was created', async () => {
      const fields = { ...newSession(), from: '+15551230000', callConnectionId: 'call 1' };
      const created = await store.create(fields);
      assert.partialDeepStrictEqual(created, { ...fields, version: 1 });
      assert.deepEqual(await other.get(fields.id), created);
      assert.equal(await store.get('nobody'), undefined);
    });

    test('creates an id once, whoever asks', async () => {
      const fields = newSession();
      const outcomes = await Promise.allSettled([store.create(fields), other.create(fields), store.create(fields)]);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      await assert.rejects(other.create(fields), { code: 'session.exists', status: 409 });
    });

    test('refuses ids that would break a key, and finds nothing under them', async () => {
      for (const id of ['', 'a}b', 'a b', 'ü', 'x'.repeat(129)]) {
        await assert.rejects(store.create(newSession(id)), { code: 'session.id-invalid', status: 400 });
        assert.equal(await store.get(id), undefined);
        assert.deepEqual(await store.events(id), []);
      }
    });

    test('patches from the present version only', async () => {
      const { id } = await store.create(newSession());
      const endReason = 'Grüße, "you" \n\0 🙂';
      const context = { nested: [1, { name: 'Annabel' }] };
      const patched = await store.patch(id, 1, { status: 'connected', connectedAt: 12.5, endReason, context });
      assert.partialDeepStrictEqual(patched, {
        version: 2,
        status: 'connected',
        connectedAt: 12.5,
        endReason,
        context,
      });
      await assert.rejects(other.patch(id, 1, { status: 'failed' }), { code: 'session.version-conflict', status: 409 });
      await assert.rejects(other.patch(id, 3, { status: 'failed' }), { code: 'session.version-conflict' });
      assert.deepEqual(await other.get(id), patched);
    });

    test('sets fields whatever the version, and who made a change from what was there before is told', async () => {
      const { id } = await store.create(newSession());
      const context = { why: 'Grüße' };
      await Promise.all([store.set(id, { context }), other.set(id, { endReason: 'over' })]);
      assert.partialDeepStrictEqual(await store.get(id), {
        version: 3,
        status: 'initiating',
        context,
        endReason: 'over',
      });
      await assert.rejects(other.patch(id, 1, { status: 'failed' }), { code: 'session.version-conflict' });
    });

    test('says so where there is nothing to change', async () => {
      const event = { type: 'x', source: 'functions', data: {} } as const;
      const notFound = { code: 'session.not-found', status: 404 };
      await assert.rejects(store.patch('nobody', 1, {}), notFound);
      await assert.rejects(
        store.update('nobody', () => ({})),
        notFound,
      );
      await assert.rejects(store.set('nobody', { agent: 'a' }), notFound);
      await assert.rejects(store.append('nobody', event), notFound);
      await assert.rejects(store.command('nobody', { type: 'end', reason: 'x' }), notFound);
    });

    test('updates from the newest version, and not at all where the change says so', async () => {
      const { id } = await store.create(newSession());
      let asked = 0;
      const updated = await store.update(id, (session) => {
        // Somebody else is quicker, once.
        if (asked++ === 0) void store.patch(id, 1, { agent: 'theirs' });
        return { endReason: `after ${session.agent}` };
      });
      assert.partialDeepStrictEqual(updated, { agent: 'theirs', endReason: 'after theirs', version: 3 });
      assert.equal((await store.update(id, () => undefined)).version, 3);
    });

    test('a hash that is damaged or not ours is a coded error, and keeps fields of a newer release', async () => {
      const { id } = await store.create(newSession());
      const key = `parley:{${id}}:session`;
      await raw.hset(key, 'mood', 'fine');
      assert.equal((await store.patch(id, 1, { agent: 'b' })).agent, 'b');
      assert.equal(await raw.hget(key, 'mood'), 'fine');

      for (const [field, value] of [
        ['mode', 'Über'],
        ['schema', '3'],
        ['status', 'asleep'],
        ['version', 'many'],
        ['createdAt', ''],
        ['id', 'another'],
      ] as const) {
        const good = await raw.hget(key, field);
        await raw.hset(key, field, value);
        await assert.rejects(store.get(id), { code: 'session.damaged' }, `${field} = ${value}`);
        await (good === null ? raw.hdel(key, field) : raw.hset(key, field, good));
      }
      await raw.set('parley:{foreign}:session', 'a string');
      await assert.rejects(store.get('foreign'), { code: 'redis.foreign-key' });
      await assert.rejects(store.patch('foreign', 1, {}), { code: 'redis.foreign-key' });
      await raw.del('parley:{foreign}:session');
    });

    test('keeps no argument of a refused command in the error', async () => {
      await raw.set('parley:{secret}:session', 'a string', 'PX', 60_000);
      const [outcome] = await Promise.allSettled([store.patch('secret', 1, { from: '+15559998877' })]);
      assert.equal(outcome.status, 'rejected');
      assert.doesNotMatch(inspect(outcome, { depth: 9, showHidden: true }), /5559998877/);
    });

    test('one bind joins a call and its session, whoever comes first, and says where either is taken (review 1.4)', async () => {
      const { id } = await store.create(newSession());
      const call = `call-of-${id}`;
      assert.equal(await store.findByCall(call), undefined);
      const ids = { callConnectionId: call, serverCallId: 'server' };
      const both = await Promise.all([store.bind(id, { callConnectionId: call }), other.bind(id, ids)]);
      assert.deepEqual(new Set(both.map((session) => session.callConnectionId)), new Set([call]));
      assert.partialDeepStrictEqual(await other.findByCall(call), { id, ...ids });
      const { version } = await store.bind(id, ids);
      assert.equal((await store.bind(id, ids)).version, version, 'nothing to change');

      const mismatch = { code: 'call.mismatch', status: 404 };
      await assert.rejects(store.bind(id, { callConnectionId: 'second' }), mismatch);
      assert.equal(await store.findByCall('second'), undefined, 'nobody ends the first call by the id of the second');
      const late = await store.create(newSession());
      await assert.rejects(other.bind(late.id, ids), mismatch);
      await assert.rejects(store.bind('nobody', ids), { code: 'session.not-found' });

      await raw.pexpire(`parley:call:${call}`, 10_000);
      await store.bind(id, ids);
      assert.ok((await raw.ttl(`parley:call:${call}`)) > 86_400, 'who asks again keeps the binding');
    });

    test('reads events from a position on, in order, and passes over damaged ones', async () => {
      const { id } = await store.create(newSession());
      const ids: string[] = [];
      for (const type of ['a', 'b', 'c']) {
        ids.push(await store.append(id, { type, source: 'functions', data: { nested: { type } } }));
      }
      await raw.xadd(`parley:{${id}}:events`, '*', 'foreign', 'entry');
      ids.push(await other.append(id, { type: 'd', source: 'stream-host', data: {} }));

      const all = await store.events(id);
      assert.deepEqual(
        all.map((event) => [event.id, event.type]),
        ids.map((eventId, i) => [eventId, 'abcd'[i]]),
      );
      assert.deepEqual(all[1]?.data, { nested: { type: 'b' } });
      assert.deepEqual(
        (await store.events(id, { after: ids[1] ?? '' })).map(({ type }) => type),
        ['c', 'd'],
      );
      assert.deepEqual(
        (await store.events(id, { limit: 2 })).map(({ type }) => type),
        ['a', 'b'],
      );
      assert.deepEqual(await store.events(id, { after: ids[3] ?? '' }), []);
      await assert.rejects(store.events(id, { after: 'x' }), { code: 'events.position-invalid', status: 400 });
    });

    test('bounds the stream of events', async () => {
      const { id } = await store.create(newSession());
      const stream = `parley:{${id}}:events`;
      const many = raw.pipeline();
      for (let n = 0; n < 1200; n++) many.xadd(stream, '*', 'type', 'tick');
      await many.exec();
      await store.append(id, { type: 'tick', source: 'functions', data: {} });
      const length = await raw.xlen(stream);
      assert.ok(length >= 1000 && length < 1200, `${length} events kept`);
    });

    test('a lease has one owner, and is gone when it is let go of', async () => {
      const { id } = await store.create(newSession());
      assert.equal(await store.claim(id, 'a', 5000), true);
      assert.equal(await other.claim(id, 'b', 5000), false);
      assert.equal(await store.renew(id, 'a', 5000), 'held');
      assert.equal(await store.owner(id), 'a');
      await store.release(id, 'b');
      assert.equal(await store.owner(id), 'a');
      await store.release(id, 'a');
      assert.equal(await store.owner(id), undefined);
      assert.equal(await store.renew(id, 'a', 5000), 'lost', 'who let go has nothing to keep');
      assert.equal(await other.claim(id, 'b', 5000), true);
      assert.equal(await store.renew('nobody', 'a', 5000), 'gone');
    });

    test('knows the hosts that have spoken lately', async () => {
      await store.hosts.announce('fleeting', { sessions: 1, maxSessions: 2 }, 30);
      await other.hosts.announce('lasting', { sessions: 3, maxSessions: 4 }, 60_000);
      await other.hosts.announce('lasting', { sessions: 5, maxSessions: 100 }, 60_000);
      await eventually(async () => (await store.hosts.all()).length === 1);
      assert.partialDeepStrictEqual(await store.hosts.all(), [{ hostId: 'lasting', sessions: 5, maxSessions: 100 }]);
      await store.hosts.announce('short', { sessions: 0, maxSessions: 1 }, 1000);
      assert.ok((await raw.pttl('parley:hosts')) > 50_000, 'a host of short life does not take the others along');
      assert.equal(await raw.hexists('parley:hosts', 'fleeting'), 0);
    });

    test('reads back what it has just written', async () => assert.equal(await store.echo('x'), 'x'));
  });
}
