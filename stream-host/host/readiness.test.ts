import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostReadiness } from './readiness.ts';

test('however often readiness is asked for, its dependencies are asked once a second; places are told as they are (review 4.1)', async () => {
  const clock = new VirtualClock();
  const live = { count: 0, maxSessions: 1, draining: false, overload: undefined };
  let asked = 0;
  let works = true;
  const redis = async () => {
    asked++;
    if (!works) throw new Error('Redis is away.');
  };
  const readiness = new HostReadiness({ clock, live, dependencies: { redis } });
  await Promise.all(Array.from({ length: 500 }, () => readiness.check()));
  assert.equal(asked, 1);

  live.count = 1;
  assert.equal((await readiness.check()).status, 'full');
  live.draining = true;
  assert.equal((await readiness.check()).status, 'draining');
  live.draining = false;
  assert.equal(asked, 1);

  works = false;
  await clock.advance(1_001);
  assert.equal((await readiness.check()).checks.redis?.reason, 'Redis is away.');
  assert.equal(asked, 2);
});
