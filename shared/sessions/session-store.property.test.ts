import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SessionStore } from './session-store.ts';
import { newSession, redisesUnderTest, TTL_SECONDS } from './testing/redis.ts';

const CLIENTS = 3;
const client = fc.nat({ max: CLIENTS - 1 });

for (const redis of await redisesUnderTest()) {
  describe(`any order of things on ${redis.kind}`, () => {
    const raw = redis.connect();
    const stores = Array.from({ length: CLIENTS }, () => redis.store());
    const storeOf = (index: number): SessionStore => stores[index] ?? assert.fail('no such client');

    test('no change that was reported as made is ever lost, none is made twice', async () => {
      const change = fc.record({ client, kind: fc.constantFrom('update', 'patch', 'stale patch', 'doubled patch') });
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 14 }), async (changes) => {
          const first = await storeOf(0).create(newSession());
          const made: string[] = [];
          const perClient = stores.map(async (store, index) => {
            let seen = first;
            for (const [step, { kind }] of changes.filter((each) => each.client === index).entries()) {
              const word = `${index}.${step}`;
              const note = async (attempt: Promise<typeof seen>) => {
                seen = await attempt;
                made.push(word);
              };
              const lost = (error: unknown) =>
                assert.equal((error as { code?: string }).code, 'session.version-conflict');
              const patch = () => note(store.patch(first.id, seen.version, { history: [...seen.history, word] }));
              if (kind === 'update') {
                await note(store.update(first.id, ({ history }) => ({ history: [...history, word] })));
              } else {
                if (kind !== 'stale patch') seen = (await store.get(first.id)) ?? assert.fail('gone');
                await Promise.all(
                  kind === 'doubled patch' ? [patch().catch(lost), patch().catch(lost)] : [patch().catch(lost)],
                );
              }
            }
          });
          await Promise.all(perClient);
          const last = await storeOf(0).get(first.id);
          assert.deepEqual([...(last?.history ?? [])].sort(), made.sort());
          assert.equal(last?.version, 1 + made.length);
        }),
        { numRuns: 40 },
      );
    });

    test('whoever comes first with a call binds it, and everybody sees the same session', async () => {
      let calls = 0;
      const arrivals = fc.array(fc.record({ client, session: fc.constantFrom('x', 'y', 'z') }), {
        minLength: 1,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(arrivals, async (each) => {
          const call = `call-${redis.kind}-${++calls}`;
          const bound = await Promise.all(
            each.map((arrival) => storeOf(arrival.client).bindCall(call, arrival.session)),
          );
          assert.equal(new Set(bound).size, 1);
          assert.ok(each.some(({ session }) => session === bound[0]));
        }),
        { numRuns: 40 },
      );
    });

    test('a call finds its session though all who announce it but one break off half-way', async () => {
      let calls = 0;
      const arrival = fc.record({ client, stepsMade: fc.nat({ max: 2 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(arrival, { maxLength: 4 }), client, async (brokenOff, survivor) => {
          const { id } = await storeOf(0).create(newSession());
          const call = `announced-${redis.kind}-${++calls}`;
          const announce = async ({ client: index, stepsMade }: { client: number; stepsMade: number }) => {
            const store = storeOf(index);
            if (stepsMade < 1) return;
            const bound = await store.bindCall(call, id);
            if (stepsMade < 2) return;
            await store.update(bound, (session) => (session.callConnectionId ? undefined : { callConnectionId: call }));
          };
          await Promise.all([...brokenOff, { client: survivor, stepsMade: 2 }].map(announce));
          const found = await storeOf(0).findByCall(call);
          assert.partialDeepStrictEqual(found, { id, callConnectionId: call, version: 2 });
        }),
        { numRuns: 30 },
      );
    });

    test('a lease has one owner at a time', async () => {
      const kind = fc.constantFrom('claim', 'renew', 'release', 'run out');
      const owner = fc.constantFrom('a', 'b', 'c');
      let leases = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ client, owner, kind }), { maxLength: 20 }), async (steps) => {
          const id = `lease-${++leases}`;
          let holder: string | undefined;
          for (const { client: index, owner: who, kind: deed } of steps) {
            const store = storeOf(index);
            const before = holder;
            const ours = before === who;
            /** Each deed, and who holds the lease after it. */
            const deeds: Record<typeof deed, () => Promise<string | undefined>> = {
              claim: async () => {
                assert.equal(await store.claim(id, who, 60_000), ours || before === undefined);
                return before ?? who;
              },
              renew: async () => {
                assert.equal(await store.renew(id, who, 60_000), ours);
                return before;
              },
              release: async () => {
                await store.release(id, who);
                return ours ? undefined : before;
              },
              'run out': async () => {
                await raw.pexpire(`parley:{${id}}:owner`, 0);
                return undefined;
              },
            };
            holder = await deeds[deed]();
            assert.equal(await store.owner(id), holder);
          }
        }),
        { numRuns: 25 },
      );
      for (let round = 0; round < 20; round++) {
        const won = await Promise.all(
          stores.map((store, index) => store.claim(`race-${round}`, `owner-${index}`, 60_000)),
        );
        assert.deepEqual(won.filter(Boolean), [true]);
      }
    });

    test('every key has a time to live, whatever was done', async () => {
      const kinds = ['create', 'patch', 'set', 'append', 'command', 'claim', 'renew', 'bind', 'announce'] as const;
      const step = fc.record({ client, id: fc.constantFrom('p', 'q'), kind: fc.constantFrom(...kinds) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          await raw.flushdb();
          for (const { client: index, id, kind } of steps) {
            const store = storeOf(index);
            const deeds: Record<typeof kind, () => Promise<unknown>> = {
              create: () => store.create(newSession(id)),
              patch: () => store.update(id, () => ({ agent: 'other' })),
              set: () => store.set(id, { agent: 'another' }),
              append: () => store.append(id, { type: 't', source: 'functions', data: {} }),
              command: () => store.command(id, { type: 'end', reason: 'r' }),
              claim: () => store.claim(id, 'me', 60_000),
              renew: () => store.renew(id, 'me', 60_000),
              bind: () => store.bindCall(`call-${id}`, id),
              announce: () => store.announceHost(id, { sessions: 0, maxSessions: 1 }, 60_000),
            };
            await deeds[kind]().catch((error) => assert.match(error.code, /^session\.(exists|not-found)$/));
          }
          for (const key of await raw.keys('*')) {
            assert.match(key, /^parley:/);
            assert.ok((await raw.pttl(key)) > 0, `${key} has no time to live`);
          }
        }),
        { numRuns: 25 },
      );
    });

    test('a sign of life keeps all of a session, and only its own', async () => {
      const store = storeOf(0);
      const { id } = await store.create(newSession());
      await store.append(id, { type: 't', source: 'functions', data: {} });
      await store.command(id, { type: 'end', reason: 'r' });
      const keys = ['session', 'events', 'commands'].map((name) => `parley:{${id}}:${name}`);
      const event = { type: 't', source: 'functions', data: {} } as const;
      const signs: Record<string, () => Promise<unknown>> = {
        patch: () => store.update(id, () => ({})),
        set: () => store.set(id, { endReason: 'x' }),
        append: () => store.append(id, event),
        command: () => store.command(id, { type: 'end', reason: 'r' }),
        claim: () => store.claim(id, 'me', 5000),
        renew: () => store.renew(id, 'me', 5000),
      };
      for (const [name, give] of Object.entries(signs)) {
        for (const key of keys) await raw.pexpire(key, 10_000);
        await give();
        for (const key of keys) assert.ok((await raw.ttl(key)) > TTL_SECONDS - 10, `${key} after ${name}`);
        assert.ok((await raw.pttl(`parley:{${id}}:owner`)) <= 5000);
      }
    });
  });
}
