import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { redisesUnderTest } from '../../shared/sessions/testing/redis.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostRecord } from './host-record.ts';
import { LiveSessions } from './live-sessions.ts';

const log = pino({ level: 'silent' });

for (const redis of await redisesUnderTest()) {
  test(`a busy or draining host is announced without a free place (${redis.kind})`, async () => {
    const store = redis.store();
    const clock = new VirtualClock();
    const admission: { overload: 'loopDelayMs' | undefined } = { overload: undefined };
    const live = new LiveSessions({ maxSessions: 10, clock, admission });
    const record = new HostRecord({ store, host: { place: `busy-${redis.kind}`, boot: '1' }, live, clock, log });
    const announced = async () => {
      await record.announce();
      const [own] = (await store.hosts()).filter(({ hostId }) => hostId.startsWith('busy-'));
      return own && { sessions: own.sessions, maxSessions: own.maxSessions };
    };
    const places = [live.admit(), live.admit()];
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 10 });
    admission.overload = 'loopDelayMs';
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 2 });
    admission.overload = undefined;
    assert.deepEqual(await announced(), { sessions: 2, maxSessions: 10 });
    live.drain(1001, 'Restarting.');
    for (const place of places) if (typeof place === 'function') place();
    assert.deepEqual(await announced(), { sessions: 0, maxSessions: 0 });
    record.close();
  });
}
