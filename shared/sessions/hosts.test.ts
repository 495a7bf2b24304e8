import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import { ANNOUNCED_FOR_MS } from './hosts.ts';
import { HOSTS_KEY } from './keys.ts';
import { redisesUnderTest } from './testing/redis.ts';

for (const redis of await redisesUnderTest()) {
  describe(`places for calls on ${redis.kind}`, () => {
    const raw = redis.connect();
    const store = redis.store();
    const other = redis.store();
    beforeEach(() => raw.flushdb());

    const burst = (ids: readonly string[], agent = 'orders', mode = 'media') =>
      Promise.all(ids.map((id, i) => (i % 2 === 0 ? store : other).hosts.reserve(id, { agent, mode }, 20_000)));
    const ids = (count: number, prefix = 'call') => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    const kept = (reservations: readonly string[]) => reservations.filter((each) => each === 'kept').length;

    test('no more are kept than there are, over all hosts, however many ask at once (H4)', async () => {
      assert.deepEqual(new Set(await burst(ids(3))), new Set(['none-alive']));
      await store.hosts.announce('a', { sessions: 8, maxSessions: 10 }, 60_000);
      await other.hosts.announce('b', { sessions: 0, maxSessions: 3 }, 60_000);
      await other.hosts.announce('drained', { sessions: 4, maxSessions: 2 }, 60_000);
      const reservations = await burst(ids(12));
      assert.equal(kept(reservations), 5);
      assert.equal(reservations.filter((each) => each === 'full').length, 7);
      assert.deepEqual(
        await store.hosts.reserve(
          ids(12)[reservations.indexOf('kept')] ?? '',
          { agent: 'orders', mode: 'media' },
          20_000,
        ),
        'kept',
        'the same call may ask again',
      );
      assert.deepEqual((await store.hosts.all()).map(({ hostId }) => hostId).sort(), ['a', 'b', 'drained']);
    });

    test('whoever announces himself hears how many others are heard and have a place (READY: hosts.all once a second)', async () => {
      const rest = { sessions: 0, maxSessions: 1 };
      assert.equal((await store.hosts.announce('a', rest, ANNOUNCED_FOR_MS)).othersWithRoom, 0);
      await other.hosts.announce('b', { sessions: 1, maxSessions: 3 }, ANNOUNCED_FOR_MS);
      await other.hosts.announce('full', { sessions: 3, maxSessions: 3 }, ANNOUNCED_FOR_MS);
      // Whoever is as good as gone has no place to give.
      await other.hosts.announce('silent', rest, 100);
      assert.equal((await store.hosts.announce('a', rest, ANNOUNCED_FOR_MS)).othersWithRoom, 1);
      assert.equal((await other.hosts.announce('full', rest, ANNOUNCED_FOR_MS)).othersWithRoom, 2);
    });

    test('what is taken is the sum over all hosts, with what is kept for calls on their way', async () => {
      assert.equal(await store.hosts.taken(), 0);
      await store.hosts.announce('a', { sessions: 8, maxSessions: 10 }, 60_000);
      await other.hosts.announce('b', { sessions: 3, maxSessions: 3 }, 60_000);
      assert.equal(kept(await burst(['one', 'two'])), 2);
      assert.equal(await other.hosts.taken(), 13);
      await store.hosts.announce('a', { sessions: 9, maxSessions: 10 }, 60_000, ['one']);
      assert.equal(await store.hosts.taken(), 13, 'a call that has come is counted once');
      await other.hosts.announce('b', { sessions: 3, maxSessions: 3 }, 1);
      await eventually(async () => (await store.hosts.taken()) === 10);
    });

    test('a place goes over to the host that counts the call, in one step, or comes back (H4)', async () => {
      await store.hosts.announce('a', { sessions: 0, maxSessions: 2 }, 60_000);
      assert.equal(kept(await burst(['one', 'two'])), 2);
      await store.hosts.announce('a', { sessions: 1, maxSessions: 2 }, 60_000, ['one']);
      assert.equal(await store.hosts.reserve('three', { agent: 'orders', mode: 'media' }, 20_000), 'full');
      await store.hosts.giveBack('two');
      assert.equal(await store.hosts.reserve('three', { agent: 'orders', mode: 'media' }, 40), 'kept');
      // The third never comes: its place is kept for a time only.
      await eventually(
        async () => (await store.hosts.reserve('four', { agent: 'orders', mode: 'media' }, 20_000)) === 'kept',
      );
      await store.hosts.announce('a', { sessions: 1, maxSessions: 2 }, 60_000);
      assert.equal(await raw.hexists('parley:hosts', '~three'), 0);
    });

    test('only hosts that have the mode count; one that does not tell may have it', async () => {
      const load = { sessions: 0, maxSessions: 1, agents: ['orders'] };
      const media = { name: 'media', rateHz: 16_000 } as const;
      const live = { name: 'voice_live', rateHz: 24_000 } as const;
      await store.hosts.announce('a', { ...load, modes: [media], agentModes: { orders: 'media' } }, 60_000);
      assert.deepEqual(await burst(['one'], 'orders', 'voice_live'), ['mode-unknown']);
      assert.deepEqual(await burst(['one'], 'chef', 'voice_live'), ['agent-unknown']);
      await other.hosts.announce('b', { ...load, modes: [media, live] }, 60_000);
      assert.deepEqual(await burst(['one'], 'orders', 'voice_live'), ['kept']);
      assert.deepEqual(await burst(['two'], 'orders', 'voice_live'), ['full']);
      assert.deepEqual(await burst(['two'], 'orders', 'media'), ['kept']);
      const hosts = (await store.hosts.all()).sort((one, two) => one.hostId.localeCompare(two.hostId));
      assert.deepEqual(
        hosts.map(({ modes, agentModes }) => [modes, agentModes]),
        [
          [[media], { orders: 'media' }],
          [[media, live], {}],
        ],
      );
      await Promise.all(['one', 'two'].map((id) => store.hosts.giveBack(id)));
      await store.hosts.announce('of-a-release-before', load, 60_000);
      assert.deepEqual(await burst(['three'], 'orders', 'transcription'), ['kept']);
    });

    test('an entry that nobody can read is passed over and counted, and hides no other host', async () => {
      await store.hosts.announce('a', { sessions: 1, maxSessions: 3, agents: ['orders'] }, 60_000);
      const untilMs = Date.now() + 60_000;
      await raw.hset('parley:hosts', {
        words: `${untilMs} many some`,
        nothing: '',
      });
      assert.deepEqual(
        (await store.hosts.all()).map(({ hostId }) => hostId),
        ['a'],
      );
      assert.equal(store.hosts.unreadable, 2);
      assert.equal(await store.hosts.spare('b', { sessions: 0, maxSessions: 1 }, []), 1 + 2);
      await raw.hdel('parley:hosts', 'words', 'nothing');
      await store.hosts.all();
      assert.equal(store.hosts.unreadable, 0);
    });

    test('only hosts that have the agent count; one that does not tell may have it', async () => {
      await store.hosts.announce('a', { sessions: 0, maxSessions: 1, agents: ['orders', 'très chic'] }, 60_000);
      await store.hosts.announce('b', { sessions: 0, maxSessions: 1, agents: [] }, 60_000);
      assert.deepEqual(await burst(['one'], 'order'), ['agent-unknown']);
      assert.deepEqual(await burst(['one'], 'très chic'), ['kept']);
      assert.deepEqual(await burst(['two'], 'orders'), ['full']);
      await store.hosts.announce('of-release-0.1', { sessions: 0, maxSessions: 1 }, 60_000);
      assert.deepEqual(await burst(['two'], 'concierge'), ['full'], 'the one place is kept for the first');
      await store.hosts.giveBack('one');
      assert.deepEqual(await burst(['two'], 'concierge'), ['kept']);
    });

    test('a host’s record with a name that is not encoded as one costs this name, and no other host (fuzz)', async () => {
      await raw.hset(
        HOSTS_KEY,
        'odd',
        `${Date.now() + 60_000} 0 5 ,%zz,orders, ,media:16000,%:1, ,%zz:media,orders:media,`,
      );
      await store.hosts.announce('good', { sessions: 1, maxSessions: 3, agents: ['orders'] }, 60_000);
      const all = await store.hosts.all();
      assert.deepEqual(all.map(({ hostId, agents }) => [hostId, agents]).sort(), [
        ['good', ['orders']],
        ['odd', ['orders']],
      ]);
    });
  });
}
