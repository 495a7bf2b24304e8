import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { redisesUnderTest } from '../../shared/sessions/testing/redis.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostRecord } from './host-record.ts';
import { LiveSessions } from './live-sessions.ts';

const log = pino({ level: 'silent' });
const modes = [
  { name: 'media', rateHz: 16_000 },
  { name: 'voice_live', rateHz: 24_000 },
] as const;

for (const redis of await redisesUnderTest()) {
  test(`a busy or draining host is announced without a free place (${redis.kind})`, async () => {
    const store = redis.store();
    const clock = new VirtualClock();
    const admission: { overload: 'loopDelayMs' | undefined } = { overload: undefined };
    const live = new LiveSessions({ maxSessions: 10, clock, admission });
    const host = { place: `busy-${redis.kind}`, boot: '1' };
    const record = new HostRecord({
      store,
      host,
      live,
      agents: () => [{ name: 'orders', mode: 'media' }, { name: 'chef' }],
      modes,
      clock,
      log,
    });
    const announced = async () => {
      await record.announce();
      const [own] = (await store.hosts.all()).filter(({ hostId }) => hostId.startsWith('busy-'));
      return own && { sessions: own.sessions, maxSessions: own.maxSessions };
    };
    const places = [live.admit('phone'), live.admit('phone')];
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 10 });
    admission.overload = 'loopDelayMs';
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 2 });
    admission.overload = undefined;
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 10 });
    live.drain(1001, 'Restarting.');
    // Nobody hands a call over to it (closer17 2).
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 0 });
    for (const place of places) if (typeof place === 'function') place();
    assert.deepEqual(await announced(), { sessions: 0, maxSessions: 0 });
    const [{ agents, modes: told, agentModes } = {}] = await store.hosts.all();
    assert.deepEqual([agents, told, agentModes], [['orders', 'chef'], modes, { orders: 'media' }]);
    record.close();
  });

  test(`a host that is closed is not announced any more, whatever was on its way (review 4.14, ${redis.kind})`, async () => {
    const store = redis.store();
    const raw = redis.connect();
    const clock = new VirtualClock();
    const live = new LiveSessions({ maxSessions: 10, clock });
    const record = new HostRecord({
      store,
      host: { place: 'closed', boot: '1' },
      live,
      agents: () => [],
      modes,
      clock,
      log,
    });
    await Promise.all([record.announce(), record.announce(), record.announce()]);
    assert.equal(clock.pending, 1, 'overlapping announcements go on as one');
    const last = record.announce();
    record.close();
    await last;
    await raw.del('parley:hosts');
    await record.announce();
    await clock.advance(60_000);
    assert.deepEqual(await store.hosts.all(), []);
    assert.equal(clock.pending, 0);
  });

  test(`a host tells of one that fell silent, once it was heard itself for five seconds; and of its own loss at once (issue 17, ${redis.kind})`, async () => {
    const store = redis.store();
    const raw = redis.connect();
    await raw.flushdb();
    let nowMs = 0;
    /** On which nothing happens by itself: Redis answers in its own time. */
    const clock = { now: () => nowMs, wallMs: () => nowMs, after: () => () => {} };
    const live = new LiveSessions({ maxSessions: 10, clock });
    const told: string[] = [];
    const record = new HostRecord({
      store,
      host: { place: 'judge', boot: '1' },
      live,
      agents: () => [],
      modes,
      release: 'r2',
      onSilent: (hostId) => told.push(hostId),
      onForgotten: () => told.push('forgotten'),
      clock,
      log,
    });
    const dead = () => store.hosts.announce('dead#1', { sessions: 1, maxSessions: 2 }, 2500);
    const announceIn = async (ms: number) => {
      nowMs += ms;
      await record.announce();
    };
    await record.announce();
    await dead();
    for (let second = 0; second < 4; second += 1) await announceIn(1000);
    assert.deepEqual(told, [], 'after a pause of Redis all hosts have been silent');
    await announceIn(1000);
    assert.deepEqual(new Set(told), new Set(['dead#1']));
    assert.equal((await store.hosts.all()).find(({ hostId }) => hostId === 'judge#1')?.release, 'r2');

    // It was silent itself: who is not heard now may have been as long as it was.
    told.length = 0;
    await dead();
    await announceIn(20_000);
    assert.deepEqual(told, []);

    await raw.flushdb();
    await announceIn(1000);
    assert.deepEqual(told, ['forgotten']);
    record.close();
  });

  test(`which sessions a host holds is written down as they come and go, and again where Redis has lost it (issue 17, ${redis.kind})`, async () => {
    const store = redis.store();
    const raw = redis.connect();
    await raw.flushdb();
    const clock = new VirtualClock();
    const live = { held: ['one', 'two'], count: 2, capacity: 5, draining: false };
    const record = new HostRecord({
      store,
      host: { place: 'holder', boot: '1' },
      live,
      agents: () => [],
      modes,
      clock,
      log,
    });
    const noted = async () => (await raw.smembers('parley:held:holder#1')).toSorted();
    await record.announce();
    assert.deepEqual(await noted(), ['one', 'two']);
    live.held = ['two', 'three'];
    await record.announce();
    assert.deepEqual(await noted(), ['three', 'two']);
    await raw.flushdb();
    await record.announce();
    assert.deepEqual(await noted(), ['three', 'two']);
    assert.ok((await raw.pttl('parley:held:holder#1')) > 0);
    record.close();
  });

  test(`that Redis has forgotten a host is not forgotten where what follows from it fails (read once more, ${redis.kind})`, async () => {
    const store = redis.store();
    const raw = redis.connect();
    await raw.flushdb();
    let isAway = false;
    const held = {
      note: (...told: Parameters<typeof store.held.note>) =>
        isAway ? Promise.reject(new Error('Redis is away.')) : store.held.note(...told),
    };
    let forgotten = 0;
    const clock = { now: () => 0, wallMs: () => 0, after: () => () => {} };
    const record = new HostRecord({
      store: { hosts: store.hosts, held },
      host: { place: 'forgotten', boot: '1' },
      // What it holds is written down after it was heard.
      live: { held: ['one'], count: 1, capacity: 1, draining: false },
      agents: () => [],
      modes,
      onForgotten: () => {
        forgotten += 1;
      },
      clock,
      log,
    });
    await record.announce();
    await raw.flushdb();
    isAway = true;
    await record.announce();
    isAway = false;
    await record.announce();
    await record.announce();
    assert.equal(forgotten, 1);
    record.close();
  });

  test(`a host that is full knows whether another has room from its announcement alone (READY: hosts.all once a second, ${redis.kind})`, {
    skip: redis.kind !== 'redis-server',
  }, async () => {
    const store = redis.store();
    const raw = redis.connect();
    await raw.flushdb();
    const clock = { now: () => 0, wallMs: () => 0, after: () => () => {} };
    const live = { held: [], count: 5, capacity: 5, draining: false };
    const host = { place: 'full', boot: '1' };
    const record = new HostRecord({ store, host, live, agents: () => [], modes, clock, log });
    const looks = async () => Number(/cmdstat_hgetall:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
    await store.hosts.announce('other', { sessions: 1, maxSessions: 2 }, 60_000);
    const before = await looks();
    await record.announce();
    assert.equal(record.othersHaveRoom, true);
    await store.hosts.announce('other', { sessions: 2, maxSessions: 2 }, 60_000);
    await record.announce();
    assert.equal(record.othersHaveRoom, false);
    assert.equal((await looks()) - before, 3, 'each announcement looks at the hosts once, inside Redis');
    record.close();
  });
}
