import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { CallState } from '../carrier/carrier.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import { randomIds } from '../ids.ts';
import type { Session } from '../sessions/session.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { randomSpanIds, traceIdOf } from '../telemetry/call-trace.ts';
import { CallTraces } from '../telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../telemetry/names.ts';
import type { FinishedSpan } from '../telemetry/span.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { CallSweep } from './call-sweep.ts';
import { openCalls } from './open-calls.ts';

const log = pino({ level: 'silent' });
const gone = () => new CarrierError('gone', 'acs.call-gone', 'no such call');
const away = () => new CarrierError('unavailable', 'acs.unavailable', 'later');

for (const redis of await redisesUnderTest()) {
  describe(`the watch over calls on ${redis.kind}`, () => {
    const raw = redis.connect();
    const store = redis.store();
    const clock = new VirtualClock();
    /** ACS: the calls that stand there, and whether it takes a hang-up. */
    const acs = { states: new Map<string, CallState>(), hungUp: [] as string[], refusals: 0, media: [] as string[] };
    /** Calls whose media socket ACS has open, and how often it says that it is closing still. */
    const open = new Set<string>();
    let closing = 0;
    const calls = {
      state: async (id: string) => acs.states.get(id) ?? 'gone',
      hangUp: async (id: string) => {
        if (acs.refusals > 0) {
          acs.refusals -= 1;
          throw away();
        }
        if (!acs.states.delete(id)) throw gone();
        acs.hungUp.push(id);
      },
      stopMedia: async (id: string) => {
        const wasOpen = open.delete(id);
        if (wasOpen) acs.media.push(`stop ${id}`);
        return wasOpen;
      },
      startMedia: async (id: string) => {
        if (closing-- > 0) throw new CarrierError('refused', 'acs.refused', 'media streaming is active already');
        acs.media.push(`start ${id}`);
      },
    };
    const limits = { neverHeldMs: 0, frozenMs: 0, lostMs: 0, goneMs: 0, notEstablishedMs: 60_000 };
    const carrier = {
      ...calls,
      end: async () => false,
      participants: async () => [],
      recordingState: async () => 'inactive' as const,
      stopRecording: async () => {},
      startTranscription: async () => {},
    };
    const { work } = openCalls({
      ...{ redis: raw, store, carrier, clock, log, newId: randomIds, source: 'stream-host' },
      sessionTtlSeconds: 600,
      maxCallMs: 60_000,
    });
    const sweep = new CallSweep({ store, calls, work, clock, log, limits });

    beforeEach(async () => {
      await raw.flushdb();
      acs.states.clear();
      acs.hungUp.length = 0;
      acs.media.length = 0;
      open.clear();
      closing = 0;
      acs.refusals = 0;
    });

    async function watched(fields: Partial<Session> = {}): Promise<string> {
      const { id } = await store.create({ ...newSession(), status: 'ringing', callConnectionId: 'c', ...fields });
      await store.watch(id, 0);
      return id;
    }

    /** Makes everything due, and looks. */
    async function look(by = sweep): Promise<void> {
      for (const id of await raw.zrange('parley:watch', 0, '-1')) await store.watch(id, 0);
      await by.sweep();
    }

    test('a call that is over is left a moment for the event that says why (call-gone beside CallDisconnected)', async () => {
      const id = await watched();
      await look(new CallSweep({ store, calls, work, clock, log, limits: { ...limits, goneMs: 60_000 } }));
      assert.equal((await store.get(id))?.status, 'ringing');
      await look();
      assert.equal((await store.get(id))?.endReason, 'call-gone');
    });

    test('a call whose media never comes is hung up, and its session says so (H3)', async () => {
      const id = await watched();
      acs.states.set('c', 'connected');
      await look();
      assert.deepEqual(acs.hungUp, ['c']);
      assert.equal((await store.get(id))?.endReason, 'media-never-came');
      await look();
      assert.partialDeepStrictEqual(await store.get(id), { status: 'disconnected', endReason: 'media-never-came' });
      assert.equal(await raw.zcard('parley:watch'), 0, 'nobody looks after it any more');
    });

    test('a hang-up that ACS refuses five times is made all the same (review 4.2)', async () => {
      const id = await watched({ status: 'connected', endReason: 'agent-ended' });
      acs.states.set('c', 'connected');
      acs.refusals = 5;
      for (let attempt = 0; attempt < 7; attempt++) await look();
      assert.deepEqual(acs.hungUp, ['c']);
      assert.partialDeepStrictEqual(await store.get(id), { status: 'disconnected', endReason: 'agent-ended' });
    });

    test('a call whose end was never told ends on record (H8)', async () => {
      const id = await watched({ status: 'connected', connectedAt: 1 });
      await look();
      const session = await store.get(id);
      assert.partialDeepStrictEqual(session, { status: 'disconnected', endReason: 'call-gone' });
      assert.equal(session?.endedAt, clock.wallMs());
      assert.deepEqual(
        (await store.events(id)).map(({ type }) => type),
        ['call.reaped'],
      );
      assert.deepEqual((await store.list({ limit: 5, status: 'connected' })).sessions, []);
    });

    test('a call that was written off while nobody could tell why it ended has its reason once that is told (issue 17)', async () => {
      const id = await watched({ status: 'connected', connectedAt: 1 });
      await look();
      const head = { id: 'late', name: 'acs.CallDisconnected', at: clock.wallMs(), callId: 'c' };
      await work.tell(id, { ...head, kind: 'ended', why: 'caller-ended' });
      assert.partialDeepStrictEqual(await store.get(id), { status: 'disconnected', endReason: 'caller-ended' });
      await work.tell(id, { ...head, id: 'later', kind: 'ended', why: 'carrier-ended' });
      assert.equal((await store.get(id))?.endReason, 'caller-ended');
    });

    test('a call on which somebody talks is left alone, and so is one that rings', async () => {
      const talking = await watched({ callConnectionId: 'talking', status: 'connected' });
      const ringing = await watched({ callConnectionId: 'ringing', direction: 'outbound', status: 'initiating' });
      acs.states.set('talking', 'connected').set('ringing', 'changing');
      await store.claim(talking, 'host#1#socket', 60_000);
      for (let time = 0; time < 3; time++) await look();
      assert.deepEqual(acs.hungUp, []);
      assert.equal((await store.get(ringing))?.status, 'initiating');
    });

    test('a call that rang for longer than one may be silent is not hung up as it is picked up, before its media is here', async () => {
      const id = await watched({ direction: 'outbound', status: 'initiating' });
      const patient = new CallSweep({ store, calls, work, clock, log, limits: { neverHeldMs: 50 } });
      acs.states.set('c', 'changing');
      await look(patient);
      await sleep(60);
      // Only from now on it is silent.
      acs.states.set('c', 'connected');
      await look(patient);
      assert.deepEqual(acs.hungUp, []);
      await sleep(60);
      await look(patient);
      assert.deepEqual(acs.hungUp, ['c']);
      assert.equal((await store.get(id))?.endReason, 'media-never-came');
    });

    test('media that was lost is given the time that its recovery takes, and a new holder begins anew (H3)', async () => {
      const id = await watched({ status: 'connected' });
      acs.states.set('c', 'connected');
      await store.claim(id, 'a', 60_000);
      await store.release(id, 'a');
      const patient = new CallSweep({ store, calls, work, clock, log, limits: { neverHeldMs: 0, lostMs: 60_000 } });
      await look(patient);
      assert.deepEqual(acs.hungUp, []);
      assert.partialDeepStrictEqual(await store.silence(id), { everHeld: true });
      await store.claim(id, 'b', 60_000);
      assert.equal(await store.silence(id), undefined);
      await sleep(50);
      const releasedMs = performance.now();
      await store.release(id, 'b');
      const { forMs = Number.NaN } = (await store.silence(id)) ?? {};
      assert.ok(forMs <= performance.now() - releasedMs + 2, `silent for ${forMs} ms`);
      await look();
      assert.deepEqual(acs.hungUp, ['c']);
      assert.equal((await store.get(id))?.endReason, 'media-lost');
    });

    test('a call that a frozen replica keeps is moved to another one, once, and hung up when that does not help (SIGSTOP)', async () => {
      const id = await watched({ status: 'connected' });
      acs.states.set('c', 'connected');
      open.add('c');
      await store.claim(id, 'frozen', 60_000);
      const slow = new CallSweep({ store, calls, work, clock, log, limits: { frozenMs: 0, lostMs: 60_000 } });
      await look(slow);
      assert.deepEqual(acs.media, [], 'somebody holds it');
      await raw.del(`parley:{${id}}:owner`);
      // Its socket takes a moment to close.
      closing = 2;
      const looking = look(slow);
      for (let tries = 0; acs.media.length < 2 && tries < 500; tries++) {
        await raw.ping();
        await clock.advance(500);
      }
      await looking;
      assert.deepEqual(acs.media, ['stop c', 'start c']);
      assert.ok(
        Number(await raw.zscore('parley:watch', id)) > Date.now() + 50_000,
        'there is time for another replica, and it is not moved again',
      );
      await look();
      assert.deepEqual(acs.hungUp, ['c']);
      assert.equal((await store.get(id))?.endReason, 'media-lost');
    });

    test('a call whose media was closed to open it elsewhere, by one who died in between, has it opened (left 16-9)', async () => {
      const id = await watched({ status: 'connected' });
      acs.states.set('c', 'connected');
      await store.claim(id, 'gone', 60_000);
      await store.release(id, 'gone');
      const patient = new CallSweep({ store, calls, work, clock, log, limits: { frozenMs: 0, lostMs: 60_000 } });
      await look(patient);
      assert.deepEqual([acs.media, acs.hungUp], [['start c'], []]);
      // It is being opened just then.
      closing = 1;
      await look(patient);
      assert.deepEqual(acs.hungUp, []);
    });

    test('a Redis that stood still lets leases run out, and no call is taken from a replica that talks on it', async () => {
      const id = await watched({ status: 'connected' });
      acs.states.set('c', 'connected');
      open.add('c');
      await store.claim(id, 'living', 60_000);
      await raw.del(`parley:{${id}}:owner`);
      const usual = new CallSweep({ store, calls, work, clock, log });
      await look(usual);
      assert.ok(Number(await raw.zscore('parley:watch', id)) < Date.now() + 7_000, 'it is looked after again soon');
      await store.renew(id, 'living', 9_000);
      await look(usual);
      assert.deepEqual([acs.media, acs.hungUp], [[], []]);
      assert.equal(await store.silence(id), undefined);
    });

    test('a Redis that stands still again in the same call ends no call: its silence counts from then on', async () => {
      const id = await watched({ status: 'connected' });
      acs.states.set('c', 'connected');
      await store.claim(id, 'living', 60_000);
      await raw.del(`parley:{${id}}:owner`);
      const usual = new CallSweep({ store, calls, work, clock, log });
      await look(usual);
      await store.renew(id, 'living', 9_000);
      await sleep(50);
      const againMs = performance.now();
      await raw.del(`parley:{${id}}:owner`);
      const { forMs = Number.NaN } = (await store.silence(id)) ?? {};
      assert.ok(forMs <= performance.now() - againMs + 2, `silent for ${forMs} ms`);
      await look(usual);
      assert.deepEqual([acs.media, acs.hungUp], [[], []]);
    });

    test('the session of a browser whose host died ends on record, and one that goes on does not (H8)', async () => {
      const browser = {
        ...newSession(),
        channel: 'browser',
        status: 'connected',
        endReason: 'of an earlier end',
      } as const;
      const left = await store.create({ ...browser, id: 'left' });
      await store.create({ ...browser, id: 'going-on' });
      for (const id of ['left', 'going-on']) await store.claim(id, 'host#1#socket', 60_000);
      await look();
      await raw.del('parley:{left}:owner');
      await look();
      assert.partialDeepStrictEqual(await store.get(left.id), { status: 'disconnected', endReason: 'host-lost' });
      assert.equal((await store.get('going-on'))?.status, 'connected');
      assert.deepEqual(await raw.zrange('parley:watch', 0, '-1'), ['going-on']);
      assert.deepEqual(acs.hungUp, []);
    });

    test('a call that never came about does not ring for ever on record (H8)', async () => {
      const { id } = await store.create({ ...newSession(), status: 'initiating' });
      await store.watch(id, 0);
      await look();
      assert.equal((await store.get(id))?.status, 'initiating');
      const later = new CallSweep({ store, calls, work, clock, log, limits: { notEstablishedMs: -1e15 } });
      await look(later);
      assert.partialDeepStrictEqual(await store.get(id), { status: 'failed', endReason: 'call-never-established' });
    });

    test('of many replicas one looks after a call at a time, and a trouble is tried again', async () => {
      await watched();
      acs.states.set('c', 'connected');
      acs.refusals = 1;
      const asked: string[] = [];
      const counting = {
        ...calls,
        state: (id: string) => {
          asked.push(id);
          return calls.state(id);
        },
      };
      const replicas = [1, 2, 3].map(() => new CallSweep({ store, calls: counting, work, clock, log, limits }));
      await Promise.all(replicas.map((each) => each.sweep()));
      assert.deepEqual(asked, ['c']);
      assert.deepEqual(acs.hungUp, []);
      await look();
      assert.deepEqual(acs.hungUp, ['c']);
    });

    test('it goes on by itself every few seconds, until it is closed', async () => {
      const timed = new VirtualClock();
      const steady = new CallSweep({ store, calls, work, clock: timed, log, limits });
      const id = await watched({ status: 'connected' });
      steady.start();
      await timed.advance(5_000);
      for (let tries = 0; (await store.get(id))?.status !== 'disconnected' && tries < 200; tries++)
        await timed.advance(0);
      assert.equal((await store.get(id))?.status, 'disconnected');
      for (let tries = 0; timed.pending === 0 && tries < 200; tries++) await raw.ping();
      steady.close();
      assert.equal(timed.pending, 0);
    });

    test('what it does with a call stands in that call’s trace', async () => {
      const spans: FinishedSpan[] = [];
      const sink = { record: (span: FinishedSpan) => void spans.push(span) };
      const traces = new CallTraces({ sink, clock, newSpanId: randomSpanIds });
      const traced = new CallSweep({ store, calls, work, clock, log, limits, traces });
      acs.states.set('traced', 'connected');
      const id = await watched({ status: 'connected', callConnectionId: 'traced', endReason: 'agent-ended' });
      await look(traced);
      assert.deepEqual(acs.hungUp, ['traced']);
      assert.deepEqual(
        spans.map(({ name, traceId, attributes }) => [name, traceId, attributes[ATTRIBUTE.event]]),
        [[SPAN.hangUp, traceIdOf(id), 'swept']],
      );
    });
  });
}
