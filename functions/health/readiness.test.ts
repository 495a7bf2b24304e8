import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { CHECK_LIMITS_MS } from '../../shared/dependency.ts';
import { redisFailure } from '../../shared/sessions/session-errors.ts';
import { Readiness } from './readiness.ts';

/** A clock that stands still until it is told: its waits end when the test says so. */
class HandClock implements Clock {
  #nowMs = 0;
  readonly #waiting = new Set<{ atMs: number; task: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const entry of [...this.#waiting].filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#waiting.delete(entry);
      entry.task();
    }
  }

  get waits(): number {
    return this.#waiting.size;
  }
}

const log = pino({ level: 'silent' });

async function listen(t: { after(task: () => void): void }, status: number | 'silent', body = '') {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    if (status !== 'silent') response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const works = async () => undefined;

const statuses = (checks: readonly { component: string; status: string }[]) =>
  Object.fromEntries(checks.map(({ component, status }) => [component, status]));

test('a failing part that some requests can do without degrades; a critical one is unhealthy', async (t) => {
  const bad = await listen(t, 503);
  const clock = new HandClock();
  const options = { clock, log, requireKeys: works, streamHostUrl: bad.url };
  const degraded = await new Readiness({ ...options, pingRedis: async () => undefined }).check();
  assert.equal(degraded.status, 'degraded');
  assert.deepEqual(statuses(degraded.checks), { redis: 'healthy', acs: 'healthy', 'stream-host': 'degraded' });
  assert.equal(degraded.checks[2]?.error, 'The stream host cannot take a session now: it answered 503.');
  const pingRedis = () => Promise.reject(redisFailure(new Error('connect ECONNREFUSED 10.0.0.5:6379')));
  const unhealthy = await new Readiness({ ...options, pingRedis }).check();
  assert.equal(unhealthy.status, 'unhealthy');
  assert.equal(unhealthy.checks[0]?.code, 'redis.unavailable');
  assert.doesNotMatch(JSON.stringify(unhealthy), /10\.0\.0\.5/, 'anybody may read it (Lesser: open health)');
  assert.equal(clock.waits, 0);
});

test('without the keys of ACS no call could be answered: that is no mere degradation (H3)', async (t) => {
  const good = await listen(t, 200);
  const requireKeys = () => Promise.reject(new Error('no keys'));
  const readiness = new Readiness({
    clock: new HandClock(),
    log,
    pingRedis: works,
    requireKeys,
    streamHostUrl: good.url,
  });
  const { status, checks } = await readiness.check();
  assert.equal(status, 'unhealthy');
  assert.deepEqual(statuses(checks), { redis: 'healthy', acs: 'unhealthy', 'stream-host': 'healthy' });
});

test('a part that does not answer costs a second, no more', async (t) => {
  const silent = await listen(t, 'silent');
  const clock = new HandClock();
  const never = () => new Promise<void>(() => undefined);
  const readiness = new Readiness({ clock, log, pingRedis: never, requireKeys: never, streamHostUrl: silent.url });
  const report = readiness.check();
  clock.advance(1_000);
  const { checks } = await report;
  assert.deepEqual(new Set(checks.map(({ error }) => error)), new Set(['No answer within 1000 ms.']));
});

test('a stream host that waits for a frozen Redis says so in time, and is not called late itself (Lesser: readiness)', async (t) => {
  assert.ok(CHECK_LIMITS_MS.streamHost <= CHECK_LIMITS_MS.functions - 250);
  const redis = { ok: false, code: 'dependency.late', reason: 'No answer within 750 ms.' };
  const checks = { redis, agents: { ok: true }, 'no name': { ok: false } };
  const body = JSON.stringify({ status: 'not-ready', checks, sessions: 0, maxSessions: 1 });
  const host = await listen(t, 503, body);
  const options = { clock: new HandClock(), log, requireKeys: works, pingRedis: works, streamHostUrl: host.url };
  const [, , told] = (await new Readiness(options).check()).checks;
  assert.equal(told?.code, 'stream-host.not-ready');
  assert.equal(told?.error, 'The stream host cannot take a session now: redis.');

  const nobody = await new Readiness({ ...options, streamHostUrl: 'http://127.0.0.1:1' }).check();
  assert.equal(nobody.checks[2]?.code, 'stream-host.unreachable');
  assert.doesNotMatch(JSON.stringify(nobody), /127\.0\.0\.1/);
});

test('a result is kept for two seconds', async (t) => {
  const server = await listen(t, 200);
  const clock = new HandClock();
  let pings = 0;
  const pingRedis = async () => {
    pings++;
  };
  const readiness = new Readiness({ clock, log, pingRedis, requireKeys: works, streamHostUrl: server.url });
  await Promise.all([readiness.check(), readiness.check()]);
  clock.advance(1_999);
  await readiness.check();
  assert.equal(pings, 1);
  clock.advance(1);
  await readiness.check();
  assert.equal(pings, 2);
});
