import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { redisFailure } from '../../shared/sessions/session-errors.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostReadiness } from './readiness.ts';

const log = pino({ level: 'silent' });

test('however often readiness is asked for, its dependencies are asked once a second; places are told as they are (review 4.1)', async () => {
  const clock = new VirtualClock();
  const live = { count: 0, maxSessions: 1, draining: false, overload: undefined };
  let asked = 0;
  let works = true;
  const redis = async () => {
    asked++;
    if (!works) throw redisFailure(new Error('connect ECONNREFUSED 10.0.0.5:6379'));
  };
  const readiness = new HostReadiness({ clock, log, live, dependencies: { redis } });
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
  assert.equal((await readiness.check()).checks.redis?.code, 'redis.unavailable');
  assert.equal(asked, 2);
});

test('anybody may read why a host is not ready: a code and what it says, while addresses go into the log alone, once (Lesser: open health)', async () => {
  const clock = new VirtualClock();
  const live = { count: 0, maxSessions: 1, draining: false, overload: undefined };
  const lines: string[] = [];
  const told = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) });
  const failure = new Error('getaddrinfo ENOTFOUND cache-7.internal.example');
  let works = false;
  const fails = async (error: unknown) => {
    if (!works) throw error;
  };
  const dependencies = {
    redis: () => fails(redisFailure(failure)),
    agents: () => fails(failure),
    voiceActivity: () => (works ? Promise.resolve() : new Promise<void>(() => {})),
  };
  const readiness = new HostReadiness({ clock, log: told, live, dependencies });
  const look = async () => {
    const checked = readiness.check();
    await clock.advance(1_000);
    return (await checked).checks;
  };
  const checks = await look();
  assert.deepEqual(
    Object.values(checks).map(({ code }) => code),
    ['redis.unavailable', 'dependency.failed', 'dependency.late', undefined],
  );
  assert.doesNotMatch(JSON.stringify(checks), /cache-7|ENOTFOUND/);
  assert.match(checks.redis?.reason ?? '', /^Redis did not answer/);
  await look();
  assert.equal(lines.length, 3, lines.join(''));
  assert.match(lines[0] ?? '', /cache-7\.internal\.example/);
  works = true;
  await look();
  assert.equal(lines.length, 6);
  assert.match(lines[3] ?? '', /works again/);
});
