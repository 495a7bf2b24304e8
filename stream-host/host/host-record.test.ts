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
}
