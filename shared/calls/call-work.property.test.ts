import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { ACS_EVENTS, readAcsEvent } from '../carrier/acs/acs-events.ts';
import type { CallEvent } from '../carrier/call-events.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import { systemClock } from '../clock.ts';
import { randomIds } from '../ids.ts';
import { sessionKeys } from '../sessions/keys.ts';
import type { SessionStatus } from '../sessions/session.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { isOver, nextState } from './call-state.ts';
import { openCalls } from './open-calls.ts';
import { isSettled, type OperationState } from './operation-ledger.ts';
import { leftovers, NOTHING_LEFT, workOff } from './testing/worked-off.ts';

const STATUSES: readonly SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];
const OPERATIONS = ['transfer', 'add-participant', 'remove-participant', 'hold', 'play'] as const;

/** Those that change a call more often than the others. */
const name = fc.oneof(
  fc.constantFrom('CallConnected', 'MediaStreamingStarted', 'CallDisconnected', 'CreateCallFailed'),
  fc.constantFrom(...ACS_EVENTS, 'BrandNewThing'),
);
/** What happens to a call, besides that each event may be told again, late, or not at all. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant('told' as const), event: fc.nat(), dies: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('answered' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('accepted' as const), operation: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('round' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

for (const redis of await redisesUnderTest()) {
  describe(`calls on ${redis.kind}`, () => {
    const raw = redis.connect();
    /** What the carrier was asked to do. */
    const asked: string[] = [];
    let isAway = false;
    const carrier = {
      end: async () => asked.push('end') > 0,
      state: async () => 'connected' as const,
      participants: async () => [{ id: '+15550001', muted: false, onHold: false }],
      recordingState: async () => 'active' as const,
      stopRecording: async () => {},
      startMedia: async () => {
        if (isAway) throw new CarrierError('unavailable', 'acs.unavailable', 'Try again later.');
        asked.push('media');
      },
      startTranscription: async () => void asked.push('words'),
    };
    const processOf = (source: 'functions' | 'stream-host') => {
      const connection = redis.connect();
      const store = redis.store();
      const options = { redis: connection, store, carrier, source, clock: systemClock, newId: randomIds };
      const log = pino({ level: 'silent' });
      return { store, ...openCalls({ ...options, log, sessionTtlSeconds: 600, maxCallMs: 60_000 }) };
    };
    const processes = [processOf('functions'), processOf('functions'), processOf('stream-host')];
    const [first = processOf('functions')] = processes;
    let made = 0;

    /** Lets a step happen. What is told is noted in `arrived`. */
    async function live(
      id: string,
      each: Step,
      { inbox, work, ledger, store }: typeof first,
      events: readonly CallEvent[],
      arrived: Map<string, CallEvent>,
    ): Promise<void> {
      switch (each.what) {
        case 'told': {
          const event = events[each.event % events.length] ?? assert.fail();
          arrived.set(event.id, event);
          await inbox.append(id, [event]);
          // One that dies has written it down, and no more.
          if (!each.dies) await work.visit(id);
          return;
        }
        case 'answered':
          await store.bind(id, { callConnectionId: `connection-${id}` });
          return;
        case 'accepted':
          await ledger.accepted(id, OPERATIONS[each.operation % OPERATIONS.length] ?? 'play');
          return;
        case 'round':
          await Promise.all(processes.map((some) => some.work.round(0)));
      }
    }

    /** What the carrier told of a call, by the timeline; what was asked of it stands there, too. */
    const told = async (id: string): Promise<string[]> =>
      (await first.store.events(id)).map(({ type }) => type).filter((type) => !type.startsWith('operation.'));

    async function check(id: string, begun: SessionStatus, all: readonly CallEvent[]): Promise<void> {
      const expected = all.reduce((status, { kind }) => nextState(status, kind), begun);
      const session = await first.store.get(id);
      assert.equal(session?.status, expected);
      // Index and calls agree.
      for (const status of STATUSES) {
        const { sessions } = await first.store.list({ limit: 100, status, agent: 'orders' });
        const listed = sessions.some((some) => some.id === id);
        assert.equal(listed, status === expected, `listed as ${status}`);
      }
      // Each event stands in the timeline once, and an end is told to the host once.
      const timeline = await told(id);
      assert.deepEqual(timeline.sort(), all.map((event) => event.name).sort());
      const commands = await raw.xrange(sessionKeys(id).commands, '-', '+');
      const ends = commands.filter(([, fields]) => fields.join().includes('"type":"end"'));
      assert.equal(ends.length, isOver(expected) && !isOver(begun) ? 1 : 0);
      // Every operation has come to an end, which is the one that was told, if one was.
      for (const { kind, state } of await first.ledger.list(id)) {
        assert.ok(isSettled(state), `${kind} is ${state}`);
        const said = all.flatMap((event) => outcomeOf(event, kind));
        if (said.length > 0) assert.equal(state, said.includes('failed') ? 'failed' : 'succeeded', kind);
      }
      assert.deepEqual(await leftovers(raw, id), NOTHING_LEFT);
      for (const key of await raw.keys(`parley:{${id}}:*`)) assert.ok((await raw.pttl(key)) > 0, key);
    }

    test('whatever is told of a call, in any order, twice or not at all, and whoever dies over it: its state is the one that all of it says, and nothing is left over', async () => {
      const names = fc.array(name, { minLength: 1, maxLength: 7 });
      const begins = fc.constantFrom<SessionStatus>('initiating', 'ringing', 'failed');
      await fc.assert(
        fc.asyncProperty(begins, names, fc.array(step, { maxLength: 20 }), async (begun, told, steps) => {
          const id = `call-${redis.kind}-${++made}`;
          await first.store.create({ ...newSession(id), status: begun });
          await first.store.hosts.reserve(id, { agent: 'orders', mode: 'media' }, 60_000);
          for (const kind of OPERATIONS) {
            await first.ledger.begin({ sessionId: id, operationContext: kind, kind, deadlineMs: 60_000 });
          }
          const events = told.map((each, n) => eventOf(id, each, n));
          const arrived = new Map<string, CallEvent>();
          for (const [n, each] of steps.entries()) await live(id, each, processes[n % 3] ?? first, events, arrived);
          await workOff(raw, processes[2] ?? first);
          await check(id, begun, [...arrived.values()]);
        }),
        { numRuns: redis.kind === 'embedded' ? 15 : 60 },
      );
    });

    test('what a call that is over kept is given back once, and what follows from its end is done though the first to try it dies', async () => {
      const id = `over-${redis.kind}`;
      await first.store.create({ ...newSession(id), status: 'connected', callConnectionId: `connection-${id}` });
      await first.store.hosts.announce('host', { sessions: 0, maxSessions: 5 }, 60_000);
      await first.store.hosts.reserve(id, { agent: 'orders', mode: 'media' }, 60_000);
      assert.equal(await first.store.hosts.taken(), 1);
      await first.inbox.append(id, [eventOf(id, 'CallDisconnected', 1)]);
      const desk = await first.inbox.claim(id, 'one who dies');
      assert.equal(desk?.entries.length, 1);
      assert.equal((await first.work.visit(id)).busy, true, 'nobody else is at it');
      await workOff(raw, first);
      assert.equal((await first.store.get(id))?.status, 'disconnected');
      assert.equal(await first.store.hosts.taken(), 0);
      // Whoever wakes late writes nothing.
      assert.equal(await first.inbox.commit(id, 'one who dies', { patch: { status: 'failed' } }), 'lease-lost');
      assert.equal((await first.store.get(id))?.status, 'disconnected');
    });

    test('an operation whose event stays away is looked up after its deadline', async () => {
      const id = `silent-${redis.kind}`;
      await first.store.create({ ...newSession(id), status: 'connected', callConnectionId: `connection-${id}` });
      const begin = (operationContext: string, kind: (typeof OPERATIONS)[number], data = {}) =>
        first.ledger.begin({ sessionId: id, operationContext, kind, deadlineMs: 60_000, data });
      await begin('came', 'add-participant', { target: '+15550001' });
      await begin('stayed away', 'add-participant', { target: '+15550002' });
      await begin('left', 'remove-participant', { participant: '+15550002' });
      await begin('held', 'hold', { participant: '+15550001', on: true });
      await begin('handed on', 'transfer', { target: '+15550003' });
      await begin('played', 'play');
      assert.equal(await begin('came', 'play'), false, 'a name is taken once');
      await workOff(raw, first);
      const states = Object.fromEntries(
        (await first.ledger.list(id)).map((each) => [each.operationContext, each.state]),
      );
      assert.deepEqual(states, {
        came: 'succeeded',
        'stayed away': 'failed',
        left: 'succeeded',
        held: 'failed',
        'handed on': 'failed',
        played: 'unknown',
      });
      // What comes after all counts.
      await first.inbox.append(id, [{ ...eventOf(id, 'PlayCompleted', 1), operationContext: 'played' }]);
      await first.work.visit(id);
      assert.equal((await first.ledger.get(id, 'played'))?.state, 'succeeded');
      assert.deepEqual(await leftovers(raw, id), NOTHING_LEFT);
    });

    test('a carrier that could not be asked for the media is asked again every 1.5 s for 40 s: nobody sits in silence though he could be (closer17 4)', async () => {
      const id = `silence-${redis.kind}`;
      await first.store.create({ ...newSession(id), status: 'connected', callConnectionId: `connection-${id}` });
      const { todo } = sessionKeys(id);
      isAway = true;
      await first.inbox.append(id, [eventOf(id, 'MediaStreamingFailed', 1)]);
      await first.work.visit(id);
      const waitsMs: number[] = [];
      const next = async () => {
        const { 'media-lost': line = '' } = await raw.hgetall(todo);
        const [seconds = 0, micros = 0] = await raw.time();
        waitsMs.push(Number.parseInt(line, 10) - (Number(seconds) * 1000 + Number(micros) / 1000));
        await raw.hset(todo, 'media-lost', line.replace(/^\d+/, '0'));
        await first.work.visit(id);
      };
      while (waitsMs.reduce((sum, ms) => sum + ms, 0) < 40_000) await next();
      assert.ok(Math.max(...waitsMs) <= 1_500, `${Math.max(...waitsMs)} ms`);
      isAway = false;
      asked.length = 0;
      await next();
      assert.deepEqual(asked, ['media']);
      await first.inbox.append(id, [eventOf(id, 'CallDisconnected', 2)]);
      await workOff(raw, first);
    });

    test('keys that are a secret stand nowhere in Redis, and their events count', async () => {
      const id = `secret-${redis.kind}`;
      await first.store.create({ ...newSession(id), status: 'connected', callConnectionId: `connection-${id}` });
      const pressed = (n: number, tone: string) => eventOf(id, 'ContinuousDtmfRecognitionToneReceived', n, { tone });
      await first.inbox.keepKeysOut(id, 60_000);
      await first.inbox.append(id, [pressed(1, 'pound')]);
      await first.inbox.keepKeysOut(id, 0);
      await first.inbox.append(id, [pressed(2, 'asterisk')]);
      const inInbox = (await raw.xrange(sessionKeys(id).inbox, '-', '+')).map(([, fields]) => fields.join());
      assert.deepEqual(
        inInbox.map((fields) => [fields.includes('#'), fields.includes('*')]),
        [
          [false, false],
          [false, true],
        ],
      );
      await first.work.visit(id);
      assert.equal((await told(id)).length, 2);
    });
  });
}

/** An event as ACS would send it; of an operation where it tells of one. */
function eventOf(id: string, type: string, n: number, more: object = {}): CallEvent {
  const data = { callConnectionId: `connection-${id}`, serverCallId: 'server', correlationId: 'c', ...more };
  const wire = { id: `${id}-${n}-${type}`, type: `Microsoft.Communication.${type}`, data };
  const event = readAcsEvent(wire, 1_800_000_000_000 + n);
  assert.ok(event);
  return 'operation' in event ? { operationContext: event.operation, ...withoutUndefined(event) } : event;
}

function withoutUndefined(event: CallEvent): CallEvent {
  const { operationContext, ...rest } = event;
  return operationContext === undefined ? rest : event;
}

function outcomeOf(event: CallEvent, kind: string): OperationState[] {
  if (!('operation' in event) || event.operation !== kind) return [];
  return [event.kind === 'operation-succeeded' ? 'succeeded' : 'failed'];
}
