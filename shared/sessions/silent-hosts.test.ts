import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOUNCED_FOR_MS, SILENT_AFTER_MS } from './hosts.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const load = { sessions: 1, maxSessions: 5 };
/** With so much left, an announcement is as old as one may be. */
const JUST_SILENT_MS = ANNOUNCED_FOR_MS - SILENT_AFTER_MS;

for (const redis of await redisesUnderTest()) {
  describe(`hosts that fall silent, on ${redis.kind} (issue 17)`, () => {
    const raw = redis.connect();
    const store = redis.store();
    beforeEach(() => raw.flushdb());

    test('whoever announces himself learns who was not heard for 3 s, and when the next one will be', async () => {
      const first = await store.hosts.announce('a', load, ANNOUNCED_FOR_MS);
      const alone = { hosts: 1, othersWithRoom: 0 };
      assert.deepEqual(first, { wasUnknown: true, silent: [], nextSilentInMs: undefined, ...alone });
      await store.hosts.announce('b', load, JUST_SILENT_MS + 1500);
      await store.hosts.reserve('call', { agent: 'orders', mode: 'media' }, 100);
      const heard = await store.hosts.announce('a', load, ANNOUNCED_FOR_MS);
      assert.deepEqual([heard.wasUnknown, heard.silent], [false, []]);
      const { nextSilentInMs = -1 } = heard;
      assert.ok(nextSilentInMs > 0 && nextSilentInMs <= 1500, `${nextSilentInMs}`);
      await sleep(nextSilentInMs + 5);
      const later = await store.hosts.announce('a', load, ANNOUNCED_FOR_MS);
      assert.deepEqual([later.silent, later.nextSilentInMs], [['b'], undefined], 'a place that is kept is no host');
      const [b] = (await store.hosts.all()).filter(({ hostId }) => hostId === 'b');
      assert.ok((b?.silentMs ?? 0) >= SILENT_AFTER_MS);
    });

    test('a host whose Redis has lost it learns that it was not known', async () => {
      await store.hosts.announce('a', load, ANNOUNCED_FOR_MS);
      await raw.flushdb();
      assert.equal((await store.hosts.announce('a', load, ANNOUNCED_FOR_MS)).wasUnknown, true);
    });

    test('each session of a silent host is one taker’s; one that it has let go of is nobody’s', async () => {
      await store.held.note('a', ['one', 'two', 'three'], []);
      await store.held.note('a', ['four'], ['two']);
      const taken = await Promise.all([store.held.take('a', 2), store.held.take('a', 2), store.held.take('a', 2)]);
      assert.deepEqual(taken.flat().toSorted(), ['four', 'one', 'three']);
    });

    test('the carrier’s word that a socket is gone counts for the owner that had it, and for no other', async () => {
      const { id } = await store.create(newSession());
      await store.held.lost(id);
      assert.equal(await store.held.isLost(id, 'a#1'), false, 'nobody held it');
      await store.claim(id, 'a#1', 5000);
      await store.held.lost(id);
      assert.deepEqual([await store.held.isLost(id, 'a#1'), await store.held.isLost(id, 'b#1')], [true, false]);
      await store.held.stands(id);
      assert.equal(await store.held.isLost(id, 'a#1'), false);
      await store.held.lost('unknown');
      assert.equal(await raw.exists('parley:{unknown}:session'), 0, 'of what is not there nothing is written');
    });
  });
}
