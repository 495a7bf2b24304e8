import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { withScripts } from './scripts.ts';
import type { Session, SessionStatus } from './session.ts';
import { SessionIndex } from './session-index.ts';
import type { SessionPage, SessionStore } from './session-store.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const DAY_MS = 86_400_000;

async function allPages(store: SessionStore, page: SessionPage, between?: () => Promise<unknown>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const answer = await store.list({ ...page, ...(cursor !== undefined && { cursor }) });
    assert.ok(answer.sessions.length <= page.limit);
    ids.push(...answer.sessions.map(({ id }) => id));
    cursor = answer.cursor;
    if (cursor === undefined) return ids;
    await between?.();
  }
  throw new assert.AssertionError({ message: `The list does not end: ${ids.slice(0, 9)}` });
}

/** Commands that Redis carried out, and bytes that it sent and was sent, for a piece of work. */
async function costOf(raw: Redis, work: () => Promise<unknown>): Promise<{ commands: number; bytes: number }> {
  const read = async () => {
    const stats = await raw.info('stats');
    const of = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1]);
    return {
      commands: of('total_commands_processed'),
      bytes: of('total_net_input_bytes') + of('total_net_output_bytes'),
    };
  };
  await work();
  const first = await read();
  const nothing = await read();
  await work();
  const last = await read();
  // What the reading itself costs is taken off.
  return {
    commands: last.commands - nothing.commands - (nothing.commands - first.commands),
    bytes: last.bytes - nothing.bytes - (nothing.bytes - first.bytes),
  };
}

for (const redis of await redisesUnderTest()) {
  describe(`the list of sessions on ${redis.kind}`, () => {
    const raw = redis.connect();
    const clock = { now: 1_800_000_000_000 };
    const store = redis.store(() => clock.now);

    test('pages hold every session once, newest first, while new ones arrive', async () => {
      const page = fc.integer({ min: 1, max: 7 });
      const gapsMs = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(page, gapsMs, async (limit, gaps) => {
          await raw.flushdb();
          const created: { id: string; at: number }[] = [];
          for (const gap of gaps) {
            clock.now += gap;
            const { id } = await store.create(newSession());
            created.push({ id, at: clock.now });
          }
          const expected = created.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
          const arrive = () => {
            clock.now++;
            return store.create(newSession());
          };
          assert.deepEqual(await allPages(store, { limit }, arrive), expected);
        }),
        { numRuns: 25 },
      );
    });

    test('a filter by status goes through every session', async () => {
      await raw.flushdb();
      const expected: string[] = [];
      for (let i = 0; i < 230; i++) {
        clock.now++;
        const status: SessionStatus = i % 20 === 7 ? 'failed' : 'connected';
        const { id } = await store.create({ ...newSession(), status });
        if (status === 'failed') expected.unshift(id);
      }
      assert.deepEqual(await allPages(store, { limit: 5, status: 'failed' }), expected);
      assert.deepEqual(await allPages(store, { limit: 100, status: 'ringing' }), []);
    });

    test('a filter reads a page of sessions and no more, however many there are of another status (review 4.8)', async () => {
      await raw.flushdb();
      for (let i = 0; i < 300; i++) {
        clock.now++;
        await store.create({ ...newSession(), status: i === 0 ? 'failed' : 'connected' });
      }
      const reads = async (page: SessionPage) => {
        await raw.config('RESETSTAT');
        const { sessions } = await store.list(page);
        const stats = await raw.info('commandstats');
        return { found: sessions.length, reads: Number(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1] ?? 0) };
      };
      if (redis.kind !== 'redis-server') return;
      assert.deepEqual(await reads({ limit: 10, status: 'failed' }), { found: 1, reads: 1 });
      assert.deepEqual(await reads({ limit: 10, status: 'ringing' }), { found: 0, reads: 0 });
      assert.deepEqual(await reads({ limit: 10, status: 'connected', skip: 280 }), { found: 10, reads: 11 });
      assert.deepEqual(await reads({ limit: 10, skip: 290 }), { found: 10, reads: 10 });
    });

    test('a session is listed under the status that it has, whoever changes it and how (review 4.8)', async () => {
      const statuses: SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];
      const how = fc.constantFrom('set', 'update', 'patch');
      const step = fc.record({ status: fc.constantFrom(...statuses), how, which: fc.nat({ max: 2 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          await raw.flushdb();
          const ids: string[] = [];
          for (let i = 0; i < 3; i++) ids.push((await store.create(newSession())).id);
          await Promise.all(
            steps.map(async ({ status, how: way, which }) => {
              const id = ids[which] ?? '';
              if (way === 'set') return store.set(id, { status });
              if (way === 'update') return store.update(id, () => ({ status }));
              const version = (await store.get(id))?.version ?? 0;
              return store.patch(id, version, { status }).catch(() => {});
            }),
          );
          for (const status of statuses) {
            const listed = (await store.list({ limit: 10, status })).sessions.map(({ id }) => id).sort();
            const sessions = await Promise.all(ids.map((id) => store.get(id)));
            const expected = sessions.filter((session) => session?.status === status).map((session) => session?.id);
            assert.deepEqual(listed, expected.sort(), status);
          }
        }),
        { numRuns: 40 },
      );
    });

    test('filters by agent, number, status and time, one or several, find what fits them and nothing else', async () => {
      await raw.flushdb();
      const statuses: SessionStatus[] = ['connected', 'disconnected', 'failed'];
      const agents = ['orders', 'sales'];
      const numbers = ['+15550001', '+15550002', undefined];
      const all: Session[] = [];
      const kinds = fc.record({
        status: fc.constantFrom(...statuses),
        agent: fc.constantFrom(...agents),
        from: fc.constantFrom(...numbers),
        to: fc.constantFrom('+15550001', '+15550009'),
      });
      for (const { status, agent, from, to } of fc.sample(kinds, { numRuns: 60, seed: 7 })) {
        clock.now += 10;
        const fields = { ...newSession(), status, agent, to, ...(from !== undefined && { from }) };
        all.unshift(await store.create(fields));
      }
      const [newest, oldest] = [all[0]?.createdAt ?? 0, all.at(-1)?.createdAt ?? 0];
      const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
      const filter = fc.record({
        limit: fc.integer({ min: 1, max: 9 }),
        status: maybe(fc.constantFrom<SessionStatus>(...statuses, 'ringing')),
        agent: maybe(fc.constantFrom(...agents, 'nobody')),
        number: maybe(fc.constantFrom('+15550001', '+15550002', '+15550009', '+1')),
        fromMs: maybe(fc.integer({ min: oldest - 5, max: newest })),
        toMs: maybe(fc.integer({ min: oldest, max: newest + 5 })),
      });
      await fc.assert(
        fc.asyncProperty(filter, fc.nat({ max: 3 }), async (page, skipped) => {
          const expected = all.filter(
            ({ status, agent, from, to, createdAt }) =>
              (page.status === undefined || status === page.status) &&
              (page.agent === undefined || agent === page.agent) &&
              (page.number === undefined || from === page.number || to === page.number) &&
              createdAt >= (page.fromMs ?? 0) &&
              createdAt <= (page.toMs ?? createdAt),
          );
          const ids = expected.map(({ id }) => id);
          assert.deepEqual(await allPages(store, page), ids);
          const later = await store.list({ ...page, skip: skipped * page.limit });
          assert.deepEqual(
            later.sessions.map(({ id }) => id),
            ids.slice(skipped * page.limit, (skipped + 1) * page.limit),
          );
        }),
        { numRuns: 60 },
      );
      for (const key of await raw.keys('*')) assert.ok(!key.includes('5550'), 'nobody’s number stands in a key');
    });

    test('a page costs as much among sessions of a hundred turns as among those of one', async (context) => {
      if (redis.kind !== 'redis-server') return;
      const sessions = Number(process.env.LISTED_SESSIONS ?? 300);
      const costs: { commands: number; bytes: number }[] = [];
      for (const turns of [1, 100]) {
        await raw.flushdb();
        const said = Array.from({ length: 2 * turns }, (_, n) =>
          n % 2 === 0
            ? ({ role: 'caller', text: `Where is order ${n}?` } as const)
            : ({ role: 'agent', text: `Order ${n} is on its way.`, heard: true } as const),
        );
        for (let made = 0; made < sessions; made += 100) {
          const some = Array.from({ length: Math.min(100, sessions - made) }, async (_, n) => {
            const status: SessionStatus = (made + n) % 50 === 0 ? 'connected' : 'disconnected';
            clock.now++;
            const { id } = await store.create({ ...newSession(), status, from: `+1555${n}`, to: '+15550100' });
            await store.owned(id, '').write({ history: { from: 0, items: said } });
            await store.owned(id, '').append({ type: 'media.connected', source: 'stream-host', data: {} });
          });
          await Promise.all(some);
        }
        costs.push(await costOf(raw, () => store.list({ limit: 10, status: 'connected' })));
        for (const page of [{ agent: 'orders' }, { number: '+15550100', status: 'connected' as const }]) {
          const { commands, bytes } = await costOf(raw, () => store.list({ limit: 10, ...page }));
          context.diagnostic(`${JSON.stringify(page)}: ${commands} commands, ${bytes} bytes`);
        }
      }
      const [short, long] = costs;
      context.diagnostic(`${sessions} sessions, a page of ten by status: ${JSON.stringify(costs)}`);
      assert.equal(long?.commands, short?.commands);
      assert.ok(Math.abs((long?.bytes ?? 0) - (short?.bytes ?? 0)) < 200, JSON.stringify(costs));
      assert.ok((long?.commands ?? 99) <= 13 && (long?.bytes ?? 99_999) < 8_000, JSON.stringify(costs));
    });

    test('one session that cannot be read does not hide the others', async () => {
      await raw.flushdb();
      const ids: string[] = [];
      for (let i = 0; i < 4; i++) ids.unshift((await store.create({ ...newSession() })).id);
      await raw.hset(`parley:{${ids[1]}}:session`, 'status', 'nobody knows');
      await raw.set(`parley:{${ids[2]}}:session`, 'a string');
      assert.deepEqual((await allPages(store, { limit: 2 })).sort(), [ids[0], ids[3]].sort());
    });

    test('a creation that broke off after the index is passed over, and can be made again', async () => {
      await raw.flushdb();
      const index = new SessionIndex(withScripts(raw), { keepMs: DAY_MS });
      const fields = newSession();
      await index.add({ ...fields, createdAt: clock.now });
      assert.deepEqual(await allPages(store, { limit: 3 }), []);
      clock.now += 5;
      await store.create(fields);
      assert.deepEqual(await allPages(store, { limit: 3 }), [fields.id]);
      clock.now += 5;
      await assert.rejects(store.create(fields), { code: 'session.exists' });
      assert.deepEqual(await allPages(store, { limit: 3 }), [fields.id]);
    });

    test('entries of sessions that are gone leave the index', async () => {
      await raw.flushdb();
      const { id } = await store.create(newSession());
      await raw.del(`parley:{${id}}:session`);
      clock.now += 120_000;
      assert.deepEqual(await store.list({ limit: 3 }), { sessions: [] });
      assert.equal(await raw.zcard('parley:calls'), 0);

      await store.create(newSession());
      clock.now += 2 * DAY_MS;
      await store.create(newSession());
      assert.equal(await raw.zcard('parley:calls'), 1, 'without anybody listing, too');
    });

    test('a cursor that is none of ours is refused', async () => {
      for (const cursor of ['', 'x', Buffer.from('12:ab').toString('base64url'), '\0']) {
        await assert.rejects(store.list({ limit: 1, cursor }), { code: 'calls.cursor-invalid', status: 400 });
      }
    });
  });
}
