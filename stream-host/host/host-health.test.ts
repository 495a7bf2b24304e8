import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { CheckFailure } from '../../shared/health/check.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostHealth, type HostHealthOptions } from './host-health.ts';

const EMPTY = { count: 0, maxSessions: 1, mostSessions: 2, draining: false, overload: undefined };

async function healthOf(options: Partial<HostHealthOptions> = {}) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const said = () => lines.flatMap((line) => /this host is [^"]*/.exec(line) ?? []);
  const health = new HostHealth({ clock, log, live: EMPTY, parts: {}, services: [], ...options });
  health.start();
  await clock.advance(10);
  return { clock, health, said };
}

const service = (check: DependencySpec['check']): DependencySpec => ({
  name: 'redis',
  late: 'redis.unavailable',
  gates: true,
  check,
});

test('however often a probe asks, nobody is asked for its sake; places are told as they are (review 4.1)', async () => {
  const live = { ...EMPTY };
  let asked = 0;
  const count = async () => {
    asked++;
    return {};
  };
  const { clock, health } = await healthOf({ live, parts: { agents: count }, services: [service(count)] });
  for (let n = 0; n < 500; n++) assert.equal(health.status, 'ready');
  assert.equal(asked, 2);
  live.count = 1;
  assert.equal(health.status, 'full');
  assert.deepEqual(health.report().problems, ['No place is free (MAX_SESSIONS).']);
  live.draining = true;
  assert.equal(health.status, 'draining');
  await clock.advance(60_000);
  assert.ok(asked < 40, String(asked));
});

test('a service that is down degrades a host that was ready; one that refuses it keeps a new host from being ready', async () => {
  let fails: CheckFailure | undefined;
  const redis = service(async () => {
    if (fails) throw fails;
    return {};
  });
  const { clock, health } = await healthOf({ services: [redis] });
  assert.equal(health.status, 'ready');
  for (const state of ['unreachable', 'throttled', 'refused'] as const) {
    fails = new CheckFailure(state, 'redis.denied');
    await clock.advance(31_000);
    assert.equal(health.status, 'degraded', state);
    assert.equal(health.report().dependencies[0]?.state, state);
  }
  const { health: fresh } = await healthOf({ services: [redis] });
  assert.equal(fresh.status, 'not-ready');
});

test('a host whose own part fails or hangs is not ready, until it works again', async () => {
  let works = true;
  const detector = () => (works ? Promise.resolve() : new Promise<void>(() => {}));
  const { clock, health } = await healthOf({ parts: { voiceActivity: detector } });
  assert.equal(health.status, 'ready');
  works = false;
  await clock.advance(3_000);
  assert.equal(health.status, 'not-ready');
  assert.match(health.report().problems[0] ?? '', /^voiceActivity: /);
});

test('a part that hung once, in a check that never ends, is asked again and has the host ready (READY: not ready for ever)', async () => {
  let hangs = true;
  const detector = () => (hangs ? new Promise<void>(() => {}) : Promise.resolve());
  const { clock, health } = await healthOf({ parts: { voiceActivity: detector } });
  await clock.advance(2_000);
  assert.equal(health.status, 'not-ready');
  hangs = false;
  await clock.advance(40_000);
  assert.equal(health.status, 'ready');
});

test('a host that is not ready says why, once, again when it is something else, and when it is ready (READY: silent about it)', async () => {
  const fails: { part: string | undefined; service: string | undefined } = { part: undefined, service: 'WRONGPASS' };
  const redis = service(async () => {
    if (fails.service) throw new CheckFailure('refused', 'redis.denied', new Error(fails.service));
    return {};
  });
  const loops = async () => {
    if (fails.part) throw new Error(fails.part);
  };
  const { clock, said } = await healthOf({ parts: { loops }, services: [redis] });
  await clock.advance(20_000);
  assert.deepEqual(said(), ['this host is not ready for calls: redis: WRONGPASS']);
  fails.part = 'it stands';
  await clock.advance(20_000);
  fails.service = undefined;
  await clock.advance(60_000);
  fails.part = undefined;
  await clock.advance(20_000);
  const [, ...later] = said();
  assert.deepEqual(later, [
    'this host is not ready for calls: loops: it stands; redis: WRONGPASS',
    'this host is not ready for calls: loops: it stands',
    'this host is ready for calls',
  ]);
});

test('a service that has not answered yet is named to whoever asks why the host is not ready (READY: silent about it)', async () => {
  const { health } = await healthOf({ services: [service(() => new Promise(() => {}))] });
  assert.deepEqual(health.report().problems, ['redis: it has not answered yet.']);
});

test('a part that has not worked for minutes ends the host; one that fails now and then does not (READY: not ready for ever)', async () => {
  const broken: string[] = [];
  const onBroken = ({ message }: Error) => void broken.push(message);
  const { clock } = await healthOf({ onBroken, parts: { voiceActivity: () => new Promise(() => {}) } });
  await clock.advance(200_000);
  assert.deepEqual(broken, []);
  await clock.advance(3_600_000);
  assert.deepEqual(broken, ['"voiceActivity" does not work any more: no answer within 750 ms.']);

  let asked = 0;
  const limps = async () => {
    asked += 1;
    if (asked % 10 !== 0) throw new Error('not now');
  };
  const { clock: other } = await healthOf({ onBroken, parts: { limps } });
  await other.advance(3_600_000);
  assert.equal(broken.length, 1);
});

test('an agent’s file that is away for minutes ends no host and no talk: with it back, the host is ready (reader2 6)', async () => {
  const broken: string[] = [];
  let isAway = true;
  const agents = async () => {
    if (isAway) throw new Error('There is no agent "orders".');
  };
  const onBroken = ({ message }: Error) => void broken.push(message);
  const { clock, health } = await healthOf({ onBroken, parts: { agents }, mending: ['agents'] });
  await clock.advance(3_600_000);
  assert.equal(health.status, 'not-ready');
  isAway = false;
  await clock.advance(20_000);
  assert.equal(health.status, 'ready');
  assert.deepEqual(broken, []);
});

test('before its services and parts have answered a host is not ready', async () => {
  const silent = service(() => new Promise(() => {}));
  const { clock, health } = await healthOf({ services: [silent] });
  assert.equal(health.status, 'not-ready');
  await clock.advance(8_000);
  assert.equal(health.status, 'degraded');
});

test('a host that is too busy, or full, stays in the rotation while no other has room: whoever has lost his host finds one (issue 17)', async () => {
  const live = { ...EMPTY, maxSessions: 5, mostSessions: 6, overload: 'cpu' as const };
  let othersHaveRoom = true;
  const { health } = await healthOf({ live, othersHaveRoom: () => othersHaveRoom });
  assert.equal(health.status, 'full');
  othersHaveRoom = false;
  assert.equal(health.status, 'degraded');
  assert.match(health.report().problems[0] ?? '', /Too busy/);
  live.count = 5;
  assert.equal(health.status, 'degraded', 'a call that stands is still let in');
  live.count = 6;
  assert.equal(health.status, 'full', 'a place that is taken can be given to nobody');
});
