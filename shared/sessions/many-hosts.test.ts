import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import type { HostLoad } from './hosts.ts';
import { redisesUnderTest } from './testing/redis.ts';

const HOSTS = 120;
const needs = { agent: 'orders', mode: 'media' };
const load = { sessions: 9, maxSessions: 10, agents: ['orders'], modes: [{ name: 'media', rateHz: 16_000 }] } as const;

for (const redis of await redisesUnderTest()) {
  describe(`a hundred hosts and more on ${redis.kind}`, () => {
    const raw = redis.connect();
    const { hosts } = redis.store();
    beforeEach(() => raw.flushdb());

    const announce = (more: Partial<HostLoad> = {}, count = HOSTS) =>
      Promise.all(Array.from({ length: count }, (_, i) => hosts.announce(`host-${i}`, { ...load, ...more }, 60_000)));
    const reserve = (ids: readonly string[]) => Promise.all(ids.map((id) => hosts.reserve(id, needs, 20_000)));
    const ids = (count: number, prefix = 'call') => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

    test('no more places are kept than there are, though not all hosts are counted for each (H4, scale)', async () => {
      await announce();
      const asked = await reserve(ids(HOSTS + 30));
      assert.equal(asked.filter((each) => each === 'kept').length, HOSTS);
      assert.equal(asked.filter((each) => each === 'full').length, 30);
      const again = await reserve([ids(1)[0] ?? '']);
      assert.deepEqual(again, ['kept'], 'the same call may ask again');
      await hosts.giveBack('call-0');
      await eventually(async () => (await reserve(['late']))[0] === 'kept');
    });

    test('what is asked of Redis for a call does not grow with the hosts (scale)', {
      skip: redis.kind !== 'redis-server',
    }, async () => {
      const looks = async () => Number(/cmdstat_hgetall:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
      await announce({ sessions: 0 });
      await reserve(ids(10, 'first'));
      const [before, startedMs] = [await looks(), performance.now()];
      await reserve(ids(100, 'more'));
      // The count is good for 200 ms.
      const most = 2 + (performance.now() - startedMs) / 200;
      assert.ok((await looks()) - before <= most, 'all hosts were looked through for each call');
      // What lives for 200 ms may be gone by now.
      for (const key of await raw.keys('*')) assert.notEqual(await raw.pttl(key), -1, `${key} has no time to live`);
    });

    test('hosts are looked through by one of them at a time, and one that is not heard is forgotten all the same (scale)', async () => {
      await announce();
      await hosts.announce('silent', load, 30);
      await eventually(async () => {
        await hosts.announce('host-0', load, 60_000);
        return (await raw.hexists('parley:hosts', 'silent')) === 0;
      });
      assert.equal(await hosts.count(), HOSTS);
    });

    test('of many hosts each hears how many others have a place, though it does not look through all of them (READY)', async () => {
      await announce({ sessions: 10 });
      assert.equal((await hosts.announce('host-0', { ...load, sessions: 10 }, 60_000)).othersWithRoom ?? 0, 0);
      await hosts.announce('roomy', load, 60_000);
      await eventually(
        async () => (await hosts.announce('host-0', { ...load, sessions: 10 }, 60_000)).othersWithRoom === 1,
      );
      // The one that has a place does not count itself, whoever has looked.
      await eventually(async () => (await hosts.announce('roomy', load, 60_000)).othersWithRoom === 0);
    });

    test('what hosts can do is told once, however many say the same', async () => {
      await announce();
      await hosts.announce('other', { ...load, modes: [{ name: 'voice_live', rateHz: 24_000 }] }, 60_000);
      await hosts.announce('of-release-0.1', { sessions: 0, maxSessions: 1 }, 60_000);
      const offers = await redis.store().hosts.offers();
      assert.equal(offers.length, 3);
      assert.equal(offers.filter(({ modes }) => modes === undefined).length, 1);
      assert.equal(await hosts.count(), HOSTS + 2);
      assert.equal(await hosts.taken(), 9 * (HOSTS + 1));
    });
  });
}
