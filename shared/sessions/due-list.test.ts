import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DueList } from './due-list.ts';
import { redisesUnderTest } from './testing/redis.ts';

for (const redis of await redisesUnderTest()) {
  describe(`what is due on ${redis.kind}`, () => {
    const raw = redis.connect();
    const list = new DueList(raw, { key: 'parley:due-test', ttlMs: 60_000 });

    test('what is due is taken by one at a time, and comes again where he dies over it', async () => {
      await list.add('a', 0);
      await list.add('b', 60_000);
      const first = await list.due(10, 30_000);
      assert.deepEqual(first.ids, ['a']);
      assert.ok((first.waitMs ?? 0) > 20_000 && (first.waitMs ?? 0) <= 30_000);
      assert.deepEqual((await list.due(10, 30_000)).ids, []);
      await list.remove('a');
      await list.remove('b');
      assert.deepEqual(await list.due(10, 0), { ids: [], waitMs: undefined });
    });

    test('what is said to be due earlier stays so', async () => {
      await list.add('c', 60_000);
      await list.byThen('c', 0);
      await list.byThen('c', 60_000);
      assert.deepEqual((await list.due(10, 60_000)).ids, ['c']);
      assert.deepEqual((await list.due(10, 60_000, 1_000)).ids, [], 'nothing is overdue');
      await list.remove('c');
    });

    test('whoever says that nothing is left undoes nothing that was said since he looked', async () => {
      await list.byThen('d', 0);
      const known = (await list.known('d')) ?? '';
      // Even where it is due at the same time.
      await list.byThen('d', 60_000);
      await list.settle('d', known);
      assert.deepEqual((await list.due(10, 60_000)).ids, ['d']);
      await list.settle('d', (await list.known('d')) ?? '', 0);
      assert.deepEqual((await list.due(10, 60_000)).ids, ['d'], 'there is more to do');
      await list.settle('d', (await list.known('d')) ?? '');
      assert.equal(await list.known('d'), undefined);
    });
  });
}
