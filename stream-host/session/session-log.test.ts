import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import type { SessionWrite } from '../../shared/sessions/session-writer.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { phoneSession, redisForTests } from '../testing/host-under-test.ts';
import { SessionLog } from './session-log.ts';

const log = pino({ level: 'silent' });
const server = await redisForTests();
const redis = connectRedis(server.url, log, { commandTimeoutMs: 300 });
const store = new SessionStore(redis, { ttlSeconds: 600 });
/** Of what a test sets up, and looks at. */
const patient = patientRedis(server.url);
const ofTest = new SessionStore(patient, { ttlSeconds: 600 });
after(() => {
  redis.disconnect();
  patient.disconnect();
});

const OWNER = 'host#1';
const LEASE_MS = 60_000;

/** A session with a host that holds it, and the log of that host. */
async function held(
  id: string,
  options: { owner?: string; maxBacklog?: number; onLost?: (events: number) => void } = {},
) {
  const session = await ofTest.create({ ...phoneSession(id), connectedAt: 1 });
  const { owner = OWNER, maxBacklog = 256, onLost } = options;
  await ofTest.claim(id, owner, LEASE_MS);
  return { session, record: logOf(session, owner, maxBacklog, onLost) };
}

function logOf(session: Session, owner = OWNER, maxBacklog = 256, onLost?: (events: number) => void): SessionLog {
  return new SessionLog({
    writer: store.owned(session.id, owner),
    restore: (head, history) => store.restore(head, history, { owner, leaseMs: LEASE_MS }),
    session,
    history: [],
    clock: systemClock,
    log,
    maxBacklog,
    onLost,
  });
}

const seen = async (id: string) => (await ofTest.events(id)).map((event) => event.data.n);

test('a session that Redis has lost is written again though nothing happens in it (H2)', async () => {
  const { session, record } = await held('r-quiet');
  const raw = connectRedis(server.url, log);
  await raw.del(...(await raw.keys('parley:{r-quiet}:*')));
  raw.disconnect();
  record.restore();
  await eventually(async () => (await ofTest.get('r-quiet')) !== undefined);
  assert.deepEqual(await ofTest.get('r-quiet'), { ...session, restored: true });
  assert.equal(await ofTest.owner('r-quiet'), OWNER);
  await record.close(500);
});

test('events are written in order, the history as it grows, and the newest of each field of the session', async () => {
  const { record } = await held('r-1');
  const events = new SessionEvents(systemClock);
  record.follow(events);
  const said: HistoryItem[] = [];
  for (let n = 0; n < 50; n += 1) {
    record.add('step', { n });
    const item: HistoryItem = { role: 'caller', text: String(n) };
    events.emit('historyChanged', { from: said.length, items: [item] });
    said.push(item);
  }
  record.patch({ endReason: 'done' });
  await record.close(2000);
  assert.deepEqual(
    await seen('r-1'),
    Array.from({ length: 50 }, (_, n) => n),
  );
  assert.deepEqual(await ofTest.history('r-1'), said);
  assert.equal((await ofTest.get('r-1'))?.endReason, 'done');
});

test('no turn is on record before its number is, so that no other host gives that number again (breaker 2)', async () => {
  const { session } = await held('r-number');
  const events = new SessionEvents(systemClock);
  const counted: (number | undefined)[] = [];
  const writer = store.owned(session.id, OWNER);
  const tell = (turn: number) =>
    events.emit('transcript', { turn, speaker: 'caller', text: `${turn}`, offsetMs: 0, durationMs: 1 });
  let told = false;
  const record = new SessionLog({
    writer: {
      write: async (change) => {
        const ids = await writer.write(change);
        if (!told) tell(2);
        told = true;
        const { turns } = (await ofTest.get(session.id)) ?? {};
        for (const { data } of change.events ?? []) counted.push(Math.max(0, Number(data?.turn) - (turns ?? 0)));
        return ids;
      },
    },
    restore: async () => false,
    session,
    history: [],
    clock: systemClock,
    log,
  });
  record.follow(events);
  tell(1);
  await eventually(() => Promise.resolve(counted.length === 2));
  await record.close(2000);
  assert.deepEqual(counted, [0, 0]);
});

test('what of the history is rewritten is rewritten in Redis, and nothing before it', async () => {
  const { record } = await held('r-rewritten');
  const events = new SessionEvents(systemClock);
  record.follow(events);
  const caller = (text: string): HistoryItem => ({ role: 'caller', text });
  events.emit('historyChanged', { from: 0, items: [caller('one'), caller('two')] });
  await eventually(async () => (await ofTest.history('r-rewritten')).length === 2);
  events.emit('historyChanged', { from: 1, items: [caller('2'), caller('three')] });
  events.emit('historyChanged', { from: 2, items: [] });
  await record.close(2000);
  assert.deepEqual(await ofTest.history('r-rewritten'), [caller('one'), caller('2')]);
});

test('what one moment of a talk changes is one write, whatever it is; history and the end wait for nothing (unit costs, a host killed right after a turn)', async () => {
  const session = await store.create(phoneSession('r-one-write'));
  const writes: SessionWrite[] = [];
  const clock = new VirtualClock();
  const record = new SessionLog({
    writer: {
      async write(change) {
        writes.push(change);
        return [];
      },
    },
    restore: async () => false,
    ...{ session, history: [], clock, log },
  });
  const events = new SessionEvents(clock);
  record.follow(events);
  events.emit('historyChanged', { from: 0, items: [{ role: 'caller', text: 'One?' }] });
  events.emit('callerFinal', { turn: 1, text: 'One?' });
  await clock.advance(0);
  events.emit('bargeIn', { turn: 1, by: 'voice' });
  await clock.advance(200);
  events.emit('replyResumed', { turn: 1, silentMs: 200 });
  assert.equal(writes.length, 1);
  await clock.advance(100);
  assert.partialDeepStrictEqual(writes, [
    { patch: { turns: 1 }, history: { from: 0 }, events: [{ type: 'caller.said' }] },
    { events: [{ type: 'turn.interrupted' }, { type: 'turn.resumed' }] },
  ]);
  record.patch({ endReason: 'over' });
  await clock.advance(0);
  assert.equal(writes.length, 3);
  await record.close(0);
});

test('while Redis is away the newest are kept, the rest is counted, and all of it is written when it is back', async () => {
  let lost = 0;
  const onLost = (events: number) => {
    lost += events;
  };
  const { record } = await held('r-2', { maxBacklog: 10, onLost });
  redis.disconnect();
  for (let n = 0; n < 30; n += 1) record.add('step', { n });
  record.patch({ endReason: 'kept' });
  await sleep(50);
  assert.deepEqual([record.dropped, lost], [20, 20]);
  await redis.connect();
  await eventually(async () => (await seen('r-2')).length === 10);
  assert.deepEqual(await seen('r-2'), [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  assert.equal((await ofTest.get('r-2'))?.endReason, 'kept');
});

test('an event that cannot be stored is dropped and counted, and holds up nothing (review 4.3)', async () => {
  const { record } = await held('r-poison');
  record.add('step', { n: 1 });
  record.add('tool.ended', { result: { rowId: 12n } });
  record.add('step', { n: 2 });
  record.patch({ endReason: 'done' });
  await record.close(2000);
  assert.deepEqual(await seen('r-poison'), [1, 2]);
  assert.equal(record.dropped, 1);
  assert.equal((await ofTest.get('r-poison'))?.endReason, 'done');
});

test('a session that Redis has lost is written again by the host that holds it, with its history and its call (H2)', async () => {
  const { session, record } = await held('r-lost');
  const events = new SessionEvents(systemClock);
  record.follow(events);
  events.emit('historyChanged', { from: 0, items: [{ role: 'caller', text: 'one' }] });
  record.patch({ callConnectionId: 'call-of-r-lost' });
  await eventually(async () => (await ofTest.history('r-lost')).length === 1);
  await redis.flushall();
  events.emit('historyChanged', { from: 1, items: [{ role: 'caller', text: 'two' }] });
  record.add('step', { n: 7 });
  await eventually(async () => (await seen('r-lost')).includes(7));
  assert.equal((await ofTest.get('r-lost'))?.agent, session.agent);
  assert.equal((await ofTest.history('r-lost')).length, 2);
  assert.equal((await ofTest.findByCall('call-of-r-lost'))?.id, 'r-lost');
  await record.close(1000);
});

test('closing is bounded when Redis does not come back, and nothing is written later (review 4.5)', async () => {
  const { record } = await held('r-3');
  redis.disconnect();
  record.add('step', { n: 0 });
  record.patch({ endReason: 'too late' });
  await record.close(100);
  await redis.connect();
  await sleep(1000);
  assert.deepEqual(await seen('r-3'), []);
  assert.equal((await ofTest.get('r-3'))?.endReason, undefined);
});

test('once another host holds the session not one write of the old one lands (review 4.5)', async () => {
  const { record } = await held('r-4');
  const events = new SessionEvents(systemClock);
  record.follow(events);
  await store.release('r-4', OWNER);
  await store.claim('r-4', 'host#2', LEASE_MS);
  record.add('step', { n: 1 });
  record.patch({ endReason: 'not ours' });
  events.emit('historyChanged', { from: 0, items: [{ role: 'caller', text: 'not ours' }] });
  await record.close(500);
  assert.deepEqual(await seen('r-4'), []);
  assert.deepEqual(await ofTest.history('r-4'), []);
  assert.equal((await ofTest.get('r-4'))?.endReason, undefined);
});

test('after the session was given up to somebody else nothing more is written', async () => {
  const { record } = await held('r-5');
  record.abandon();
  record.add('step', { n: 1 });
  record.patch({ endReason: 'not ours' });
  await record.close(500);
  assert.deepEqual(await seen('r-5'), []);
  assert.equal((await ofTest.get('r-5'))?.endReason, undefined);
});

test('what Redis has taken and not answered in time is on record once, however often it is written again (closer17 6)', async () => {
  const { session } = await held('r-slow');
  const owned = store.owned('r-slow', OWNER);
  let answersLost = 3;
  const record = new SessionLog({
    writer: {
      write: async (change) => {
        await owned.write(change);
        answersLost -= 1;
        if (answersLost >= 0) throw new DependencyError('redis.unavailable', 'no answer in time');
        return [];
      },
    },
    restore: async () => false,
    session,
    history: [],
    clock: systemClock,
    log,
    gatherMs: 1,
  });
  record.add('step', { n: 1 });
  await sleep(50);
  // It goes with what is written again.
  record.add('step', { n: 2 });
  await eventually(() => answersLost < 0);
  record.add('step', { n: 3 });
  await record.close(3_000);
  assert.deepEqual(await seen('r-slow'), [1, 2, 3]);
  // Another holder begins to count anew.
  await store.release('r-slow', OWNER);
  await store.claim('r-slow', 'host#2', LEASE_MS);
  const next = logOf(session, 'host#2');
  next.add('step', { n: 4 });
  await next.close(3_000);
  assert.deepEqual(await seen('r-slow'), [1, 2, 3, 4]);
});

test('when Redis goes away between events that are written one by one, none is written twice', async () => {
  const session = await store.create(phoneSession('r-one-by-one'));
  const written: unknown[] = [];
  let fails = true;
  const record = new SessionLog({
    writer: {
      async write({ events = [] }) {
        if (events.some(({ data }) => data.n === 'bad')) throw new TypeError('cannot be stored');
        if (fails && written.length === 1) {
          fails = false;
          throw new DependencyError('redis.unavailable', 'away');
        }
        written.push(...events.map(({ data }) => data.n));
        return [];
      },
    },
    restore: async () => false,
    session,
    history: [],
    clock: systemClock,
    log,
  });
  for (const n of ['bad', 1, 2, 3]) record.add('step', { n });
  await record.close(3000);
  assert.deepEqual(written, [1, 2, 3]);
});

test('a session that ends just before Redis is back is written down all the same, though its next try was to be later (stranger17 3)', async () => {
  const { session } = await held('r-late-end');
  const clock = new VirtualClock();
  let isAway = true;
  const written: string[] = [];
  const record = new SessionLog({
    writer: {
      write: async ({ events = [] }) => {
        if (isAway) throw new DependencyError('redis.unavailable', 'away');
        written.push(...events.map(({ type }) => type));
        return [];
      },
    },
    restore: async () => false,
    session,
    history: [],
    clock,
    log,
  });
  record.add('caller.said');
  await clock.advance(60_000);
  record.add('conversation.ended');
  const closed = record.close(2_000);
  await clock.advance(900);
  isAway = false;
  await clock.advance(400);
  await closed;
  assert.deepEqual(written, ['caller.said', 'conversation.ended']);
});

test('what the agent has said stands with how long it took (stranger17 4)', async () => {
  const { record } = await held('r-said');
  const clock = new VirtualClock();
  const events = new SessionEvents(clock);
  record.follow(events);
  events.emit('agentText', { turn: 1, text: 'On its ' });
  await clock.advance(1_200);
  events.emit('agentText', { turn: 1, text: 'way.' });
  await clock.advance(800);
  events.emit('agentSpoke', { turn: 1, fullText: 'On its way.', heardText: 'On its way.', interrupted: false });
  await record.close(2_000);
  assert.deepEqual(
    (await ofTest.events('r-said')).map(({ type, data }) => [type, data.durationMs]),
    [['agent.said', 2_000]],
  );
});
