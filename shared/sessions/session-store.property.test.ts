import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Session } from './session.ts';
import type { SessionStore } from './session-store.ts';
import { newSession, redisesUnderTest, TTL_SECONDS } from './testing/redis.ts';

const restored = (id: string) => ({ ...newSession(id), version: 4, createdAt: 1_800_000_000_000 });

/** Words that are gathered in a field of the session, to see whether one is lost. */
const wordsOf = (session: Session | undefined): unknown[] => Object.values(session?.context ?? {});
const added = (session: Session, word: string) => ({ ...session.context, [word]: word });

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
              const patch = () => note(store.patch(first.id, seen.version, { context: added(seen, word) }));
              if (kind === 'update') {
                await note(store.update(first.id, (session) => ({ context: added(session, word) })));
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
          assert.deepEqual(wordsOf(last).sort(), made.sort());
          assert.equal(last?.version, 1 + made.length);
        }),
        { numRuns: 40 },
      );
    });

    test('a call finds its session though all who announce it but one break off half-way', async () => {
      let calls = 0;
      const arrival = fc.record({ client, breaksOff: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(arrival, { maxLength: 4 }), client, async (others, survivor) => {
          const { id } = await storeOf(0).create(newSession());
          const call = `announced-${redis.kind}-${++calls}`;
          const announce = async ({ client: index, breaksOff }: { client: number; breaksOff: boolean }) => {
            if (breaksOff) await raw.hsetnx(`parley:{${id}}:session`, 'callConnectionId', call);
            else await storeOf(index).bind(id, { callConnectionId: call });
          };
          await Promise.all([...others, { client: survivor, breaksOff: false }].map(announce));
          assert.partialDeepStrictEqual(await storeOf(0).findByCall(call), { id, callConnectionId: call });
        }),
        { numRuns: 30 },
      );
    });

    test('a lease has one owner at a time', async () => {
      const kind = fc.constantFrom('claim', 'renew', 'release', 'run out');
      const owner = fc.constantFrom('a', 'b', 'c');
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ client, owner, kind }), { maxLength: 20 }), async (steps) => {
          const { id } = await storeOf(0).create(newSession());
          let holder: string | undefined;
          /** Who may go on though the lease has run out. */
          let last: string | undefined;
          /** Only of a session that somebody had can anybody have lost it: else Redis has lost the claim. */
          let wasHeld = false;
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
                const mine = ours || (before === undefined && last === who);
                assert.equal(await store.renew(id, who, 60_000), mine ? 'held' : wasHeld ? 'lost' : 'gone');
                return mine ? who : before;
              },
              release: async () => {
                await store.release(id, who);
                if (last === who) last = undefined;
                return ours ? undefined : before;
              },
              'run out': async () => {
                await raw.pexpire(`parley:{${id}}:owner`, 0);
                return undefined;
              },
            };
            holder = await deeds[deed]();
            last = holder ?? last;
            wasHeld ||= holder !== undefined;
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
      const kinds = [
        'create',
        'patch',
        'set',
        'append',
        'command',
        'claim',
        'renew',
        'bind',
        'writeHistory',
        'restore',
        'announce',
      ] as const;
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
              bind: () => store.bind(id, { callConnectionId: `call-${id}` }),
              writeHistory: () =>
                store.owned(id, '').write({ history: { from: 0, items: [{ role: 'caller', text: 't' }] } }),
              restore: () =>
                store.restore(restored(id), [{ role: 'caller', text: 't' }], { owner: 'me', leaseMs: 60_000 }),
              announce: () => store.hosts.announce(id, { sessions: 0, maxSessions: 1 }, 60_000),
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

    test('all that one moment changes is one step, whole or not at all, and renews nothing that is fresh (unit costs)', async () => {
      const store = storeOf(0);
      const { id } = await store.create(newSession());
      await store.claim(id, 'me', 60_000);
      const writer = store.owned(id, 'me');
      const said = (text: string) => ({ role: 'caller', text }) as const;
      const moment = (from: number, text: string) => ({
        patch: { endReason: text },
        history: { from, items: [said(text)] },
        events: [{ type: 'said', source: 'stream-host', data: { text } } as const],
      });
      await writer.write(moment(0, 'one'));
      await assert.rejects(writer.write(moment(5, 'lost')), { code: 'session.history-gap', details: { length: 1 } });
      await assert.rejects(store.owned(id, 'you').write(moment(1, 'not mine')), { code: 'session.lease-lost' });
      await assert.rejects(
        writer.write({ ...moment(1, 'x'), events: [{ type: 't', source: 'stream-host', data: { n: 1n } }] }),
        {
          code: 'session.not-storable',
        },
      );
      const { version, endReason } = (await store.get(id)) ?? assert.fail('gone');
      assert.deepEqual([version, endReason], [2, 'one']);
      assert.deepEqual(await store.history(id), [said('one')]);
      assert.deepEqual(
        (await store.events(id)).map(({ data }) => data.text),
        ['one'],
      );
      await writer.write(moment(1, 'two'));
      await writer.write(moment(1, 'three'));
      assert.deepEqual(await store.history(id), [said('one'), said('three')]);
      if (redis.kind !== 'redis-server') return;
      const renewals = async () => Number(/cmdstat_pexpire:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
      const before = await renewals();
      for (let n = 2; n < 10; n++) await writer.write(moment(n, `${n}`));
      assert.equal(await renewals(), before);
    });

    test('a session that was written again after Redis had lost it gives each key a time to live anew (unit costs)', async () => {
      const store = storeOf(0);
      const session = await store.create(newSession());
      await store.claim(session.id, 'me', 60_000);
      const writer = store.owned(session.id, 'me');
      const events = [{ type: 't', source: 'stream-host', data: {} } as const];
      await writer.write({ events });
      await raw.flushdb();
      assert.equal(await store.restore(session, [], { owner: 'me', leaseMs: 60_000 }), true);
      await writer.write({ events, history: { from: 0, items: [{ role: 'caller', text: 't' }] } });
      await store.command(session.id, { type: 'end', reason: 'r' });
      for (const key of await raw.keys('*')) assert.ok((await raw.pttl(key)) > 0, `${key} has no time to live`);
    });

    test('a sign of life keeps all of a session, and only its own', async () => {
      const store = storeOf(0);
      const { id } = await store.create(newSession());
      await store.append(id, { type: 't', source: 'functions', data: {} });
      await store.command(id, { type: 'end', reason: 'r' });
      await store.owned(id, '').write({ history: { from: 0, items: [{ role: 'caller', text: 't' }] } });
      const keys = ['session', 'events', 'commands', 'history'].map((name) => `parley:{${id}}:${name}`);
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
