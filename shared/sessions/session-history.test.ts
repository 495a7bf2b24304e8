import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { HistoryItem } from './history.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const said = (text: string): HistoryItem => ({ role: 'caller', text });

const dumpedKey = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hash'), pttl: z.number(), value: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('string'), pttl: z.number(), value: z.string() }),
  z.object({ type: z.literal('zset'), pttl: z.number(), value: z.array(z.string()) }),
  z.object({ type: z.literal('stream'), pttl: z.number(), value: z.array(z.tuple([z.string(), z.array(z.string())])) }),
]);
const dump = z.record(z.string(), dumpedKey);

/** All that 0c4665f, of release 0.1, left in Redis of one call that was going on. Puts it into this Redis. */
async function loadOldSession(redis: Redis): Promise<void> {
  const text = await readFile(new URL('testing/session-of-0c4665f.json', import.meta.url), 'utf8');
  for (const [key, { type, value, pttl }] of Object.entries(dump.parse(JSON.parse(text)))) {
    await redis.del(key);
    if (type === 'hash') await redis.hset(key, value);
    else if (type === 'string') await redis.set(key, value);
    else if (type === 'zset') await redis.zadd(key, Number(value[1]), value[0] ?? '');
    else for (const [id, fields] of value) await redis.xadd(key, id, ...fields);
    await redis.pexpire(key, pttl);
  }
}

for (const redis of await redisesUnderTest()) {
  describe(`what was said, on ${redis.kind}`, () => {
    const raw = redis.connect();
    const store = redis.store(() => 1_795_936_970_000);

    test('is cut and added to, and not written again (review 4.7)', async () => {
      const { id } = await store.create(newSession());
      const writer = store.owned(id, '');
      assert.deepEqual(await store.history(id), []);
      await writer.write({ history: { from: 0, items: [said('one'), said('two'), said('three')] } });
      await writer.write({ history: { from: 2, items: [said('Grüße, "you" \n\0 🙂'), said('four')] } });
      const expected = [said('one'), said('two'), said('Grüße, "you" \n\0 🙂'), said('four')];
      assert.deepEqual(await store.history(id), expected);
      await writer.write({ history: { from: 2, items: expected.slice(2) } });
      assert.deepEqual(await store.history(id), expected, 'the same again changes nothing');
      await writer.write({ history: { from: 4, items: [] } });
      await writer.write({ history: { from: 1, items: [] } });
      assert.deepEqual(await store.history(id), [said('one')]);
      await writer.write({ history: { from: 0, items: [] } });
      assert.deepEqual(await store.history(id), []);
      assert.deepEqual(await store.history('nobody'), []);
      await assert.rejects(store.owned('nobody', '').write({ history: { from: 0, items: [] } }), {
        code: 'session.not-found',
      });
    });

    test('costs what is new, however long it is (review 4.7)', async () => {
      const { id } = await store.create(newSession());
      const writer = store.owned(id, '');
      const bytes = async () => Number(/total_net_input_bytes:(\d+)/.exec(await raw.info('stats'))?.[1] ?? 0);
      const line = said('x'.repeat(2000));
      let costs: number[] = [];
      for (let turn = 0; turn < 60; turn++) {
        const before = await bytes();
        await writer.write({ history: { from: turn, items: [line] } });
        costs = [...costs, (await bytes()) - before];
      }
      if (redis.kind === 'redis-server')
        assert.ok((costs.at(-1) ?? 0) < 5000, `the last turn cost ${costs.at(-1)} bytes`);
      const head = await raw.hgetall(`parley:{${id}}:session`);
      assert.ok(JSON.stringify(head).length < 500, 'the session itself stays small');
    });

    test('has no holes: who is ahead of it is told how long it is', async () => {
      const { id } = await store.create(newSession());
      await store.owned(id, '').write({ history: { from: 0, items: [said('one')] } });
      const gap = { code: 'session.history-gap', status: 409, details: { length: 1 } };
      await assert.rejects(store.owned(id, '').write({ history: { from: 2, items: [said('three')] } }), gap);
    });

    test('does not lose the rest to one item that cannot be read', async () => {
      const { id } = await store.create(newSession());
      await store.owned(id, '').write({ history: { from: 0, items: [said('one'), said('two')] } });
      await raw.rpush(
        `parley:{${id}}:history`,
        'not json',
        '{"role":"of a newer release"}',
        JSON.stringify(said('last')),
      );
      assert.deepEqual(await store.history(id), [said('one'), said('two'), said('last')]);
    });

    test('what is no JSON is refused as such, and no outage is made of it (review 4.3)', async () => {
      const { id } = await store.create(newSession());
      const circle: Record<string, unknown> = {};
      circle.circle = circle;
      const call = { callId: 'c', name: 'tool', args: {} };
      for (const result of [{ rowId: 12n }, circle]) {
        const refused = { code: 'session.not-storable', status: 400 };
        await assert.rejects(
          store.owned(id, '').write({ history: { from: 0, items: [{ role: 'tool', call, result }] } }),
          refused,
        );
        await assert.rejects(
          store.append(id, { type: 'tool.ended', source: 'stream-host', data: { result } }),
          refused,
        );
        await assert.rejects(store.set(id, { context: { result } }), refused);
      }
    });

    test('a session that 0c4665f wrote is read and gone on with', async () => {
      await raw.flushdb();
      await loadOldSession(raw);
      const session = (await store.findByCall('connection-1')) ?? assert.fail('not found');
      assert.partialDeepStrictEqual(session, { mode: 'media', status: 'connected', version: 3, from: '+15551230000' });
      const old = await store.history(session.id);
      assert.deepEqual(
        old.map((item) => item.role),
        ['agent', 'caller', 'tool', 'agent'],
      );
      assert.deepEqual(old[2], {
        role: 'tool',
        call: { callId: 'call_1', name: 'look_up_order', args: { order: '1042' } },
        result: { found: true, lines: [] },
      });
      assert.deepEqual((await store.list({ limit: 5 })).sessions, [session]);
      assert.deepEqual(
        (await store.events(session.id)).map(({ type }) => type),
        ['call.incoming', 'media.connected'],
      );

      assert.equal(await store.claim(session.id, 'new', 5000), false, 'the old host holds it still');
      await store.release(session.id, 'host-a:8080#boot#socket');
      assert.equal(await store.claim(session.id, 'new', 5000), true);
      await store
        .owned(session.id, 'new')
        .write({ history: { from: 3, items: [{ role: 'agent', text: 'It is', heard: true }] } });
      const now = await store.history(session.id);
      assert.deepEqual(now, [...old.slice(0, 3), { role: 'agent', text: 'It is', heard: true }]);
      assert.equal(await raw.hexists(`parley:{${session.id}}:session`, 'history'), 0);
      assert.equal((await store.update(session.id, () => ({ endReason: 'over' }))).endReason, 'over');
      assert.deepEqual(await store.history(session.id), now);
    });
  });
}
