import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import { ANNOUNCED_FOR_MS } from '../../shared/sessions/hosts.ts';
import { newSession, redisesUnderTest } from '../../shared/sessions/testing/redis.ts';
import { randomSpanIds, traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { CallTraces, entrySpanIdOf } from '../../shared/telemetry/call-traces.ts';
import { SPAN } from '../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import { OrphanedCalls } from './orphaned-calls.ts';

const log = pino({ level: 'silent' });
const DEAD = 'dead:8080#1';
const OWNER = `${DEAD}#socket`;
const soon = (_ms: number, task: () => void) => systemClock.after(1, task);
/** Its private fields are its own. */
function bound(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === 'function' ? value.bind(target) : value;
}

for (const redis of await redisesUnderTest()) {
  describe(`calls of a host that is not heard of any more, on ${redis.kind} (issue 17)`, () => {
    const raw = redis.connect();
    const store = redis.store();
    const asked: string[] = [];
    /** Whether whoever gets the socket that is opened takes the session. */
    let answers: boolean[] = [];
    const calls = {
      stopMedia: async (id: string) => asked.push(`stop ${id}`) > 0,
      startMedia: async (id: string) => {
        asked.push(`start ${id}`);
        if (answers.shift() ?? true) await store.claim(id.slice('call-of-'.length), 'new#1#s', 60_000);
      },
    };
    const spans: FinishedSpan[] = [];
    const sink = { record: (span: FinishedSpan) => void spans.push(span) };
    const traces = new CallTraces({ sink, clock: systemClock, newSpanId: randomSpanIds });
    const orphans = () => new OrphanedCalls({ store, calls, clock: systemClock, log, traces });
    beforeEach(async () => {
      await raw.flushdb();
      asked.length = 0;
      answers = [];
    });

    async function held(owner = OWNER, fields: object = {}): Promise<string> {
      const session = newSession();
      const callConnectionId = `call-of-${session.id}`;
      const { id } = await store.create({ ...session, status: 'connected', callConnectionId, ...fields });
      await store.claim(id, owner, 60_000);
      await store.held.note(DEAD, [id], []);
      return id;
    }

    test('each is moved once, however many hosts see to it, and what its old host still writes does not land', async () => {
      // It was heard four seconds ago.
      await store.hosts.announce(DEAD, { sessions: 3, maxSessions: 5 }, ANNOUNCED_FOR_MS - 4_000);
      const ids = await Promise.all([held(), held(), held()]);
      await Promise.all([orphans().takeOver(DEAD), orphans().takeOver(DEAD), orphans().takeOver(DEAD)]);
      assert.deepEqual(asked.toSorted(), ids.flatMap((id) => [`start call-of-${id}`, `stop call-of-${id}`]).toSorted());
      for (const id of ids) {
        assert.equal(await store.owner(id), 'new#1#s');
        const aloneMs =
          (await store.held.aloneMs(id)) ?? assert.fail('it is not known since when its caller was alone');
        assert.ok(aloneMs >= 3_500 && aloneMs < 10_000, `${aloneMs}`);
        const moves = spans.filter(({ traceId }) => traceId === traceIdOf(id));
        assert.deepEqual(
          moves.map(({ name, parentSpanId }) => [name, parentSpanId]),
          [[SPAN.recovery, entrySpanIdOf(id)]],
        );
        await assert.rejects(store.owned(id, OWNER).set({ endReason: 'late' }), { code: 'session.lease-lost' });
      }
    });

    test('one that somebody has taken up meanwhile stays there; one that is over, is to end, or of which the carrier has told, is left alone', async () => {
      const taken = await held('other#1#s');
      await held(OWNER, { status: 'disconnected' });
      await held(OWNER, { endReason: 'agent-ended' });
      await held(OWNER, { channel: 'browser' });
      const told = await held();
      await store.held.lost(told);
      await orphans().takeOver(DEAD);
      assert.deepEqual(asked, []);
      assert.equal(await store.owner(taken), 'other#1#s');
      assert.equal(await store.owner(told), OWNER, 'whoever gets the socket that is being opened takes it');
    });

    test('one of which Redis tells nothing for a moment is asked about again, and moved (issue 17)', async () => {
      const id = await held();
      let failures = 3;
      const owner = async (sessionId: string) => {
        if (failures-- > 0) throw new DependencyError('redis.unavailable', 'Redis is away.');
        return store.owner(sessionId);
      };
      const flaky = new Proxy(store, {
        get: (target, key) => (key === 'owner' ? owner : bound(target, key)),
      });
      const hurried = { now: () => systemClock.now(), wallMs: () => systemClock.wallMs(), after: soon };
      await new OrphanedCalls({ store: flaky, calls, clock: hurried, log, traces }).takeOver(DEAD);
      assert.deepEqual(asked, [`stop call-of-${id}`, `start call-of-${id}`]);
    });

    test('where the socket goes to the host that does not answer, another one is asked for', async () => {
      answers = [false, true];
      const id = await held();
      await orphans().takeOver(DEAD);
      const once = [`stop call-of-${id}`, `start call-of-${id}`];
      assert.deepEqual(asked, [...once, ...once]);
    });
  });
}
