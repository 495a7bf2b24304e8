import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { BROKEN_EXIT_CODE } from '../../shared/errors.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { LiveSessions } from './live-sessions.ts';
import { HARD_STOP_MS, Shutdown } from './shutdown.ts';

const silent = pino({ level: 'silent' });

/** A host that has only its places, and how its process ends. */
function rig(drainMs: number) {
  const clock = new VirtualClock();
  const live = new LiveSessions({ maxSessions: 10, clock });
  const closed: number[] = [];
  const moved: number[] = [];
  const exits: { code: number; atMs: number }[] = [];
  const shutdown = new Shutdown({
    drainMs,
    exit: (code) => exits.push({ code, atMs: clock.now() }),
    clock,
    log: silent,
  });
  shutdown.watch({
    drain: async (reason, waitMs) => {
      live.drain(1001, reason);
      await live.empty(waitMs);
    },
    move: async (pauseMs) => {
      moved.push(pauseMs);
      await live.empty(pauseMs);
    },
    close: async () => {
      closed.push(clock.now());
    },
  });
  const call = () => {
    const place = live.admit('phone');
    assert.ok(typeof place === 'function');
    return place;
  };
  return { clock, live, shutdown, closed, moved, exits, call };
}

test('a host that is asked to end lets its calls go on and ends with the last of them (review 3.6)', async () => {
  const { clock, live, shutdown, closed, exits, call } = rig(60_000);
  const [first, second] = [call(), call()];
  shutdown.asked('SIGTERM');
  shutdown.asked('SIGTERM');
  assert.equal(live.admit('phone'), 'draining');
  await clock.advance(10_000);
  first();
  await clock.advance(20_000);
  assert.deepEqual(closed, []);
  second();
  await clock.advance(1);
  assert.deepEqual(closed, [30_000]);
  assert.deepEqual(exits, [{ code: 0, atMs: 30_000 }]);
});

test('calls that go on for longer than a host may drain are handed over, and what is left is cut (review 3.6, issue 17)', async () => {
  const { clock, shutdown, closed, moved, exits, call } = rig(60_000);
  call();
  shutdown.asked('SIGTERM');
  await clock.advance(60_000);
  assert.deepEqual([moved, closed, exits], [[20_000], [60_000], [{ code: 0, atMs: 60_000 }]]);
});

test('without calls, and with no time to drain, a host ends at once (review 3.6)', async () => {
  for (const [drainMs, calls] of [
    [60_000, 0],
    [0, 1],
  ] as const) {
    const { clock, shutdown, moved, exits, call } = rig(drainMs);
    for (let i = 0; i < calls; i += 1) call();
    shutdown.asked('SIGINT');
    await clock.advance(0);
    assert.deepEqual(exits, [{ code: 0, atMs: 0 }]);
    assert.equal(moved.length, calls === 0 ? 1 : 0, 'whoever cuts calls at once waits for no pause');
  }
});

test('an error that nobody caught takes the host out of service and ends it, with its calls moved on (review 4.13)', async () => {
  const { clock, live, shutdown, closed, moved, exits, call } = rig(600_000);
  call();
  shutdown.exception(new Error('a broken invariant'));
  assert.ok(live.draining, 'readiness fails');
  assert.equal(live.admit('phone'), 'draining');
  await clock.advance(10_000);
  assert.deepEqual([moved, closed, exits], [[10_000], [10_000], [{ code: BROKEN_EXIT_CODE, atMs: 10_000 }]]);
});

test('an error that nobody caught is told on the level that the alarm of hosts which ended asks for', async () => {
  const query = readFileSync(path.join(import.meta.dirname, '../../infra/queries/stream-host-fatal.kql'), 'utf8');
  const leastLevel = Number(/toint\(line\.level\) >= (\d+)/.exec(query)?.[1]);
  const levels: number[] = [];
  const log = pino({}, { write: (line: string) => void levels.push(JSON.parse(line).level) });
  const clock = new VirtualClock();
  new Shutdown({ drainMs: 0, exit: () => {}, clock, log }).exception(new Error('a broken invariant'));
  await clock.advance(0);
  assert.ok(
    levels.some((level) => level >= leastLevel),
    `levels ${levels.join(', ')}, asked for ${leastLevel}`,
  );
});

test('a second error ends a host at once, and one while it drains makes its end a failure (review 4.13)', async () => {
  const twice = rig(60_000);
  twice.call();
  twice.shutdown.exception(new Error('one'));
  twice.shutdown.exception(new Error('two'));
  assert.deepEqual(twice.exits, [{ code: BROKEN_EXIT_CODE, atMs: 0 }]);

  const drained = rig(60_000);
  const hangUp = drained.call();
  drained.shutdown.asked('SIGTERM');
  drained.shutdown.exception(new Error('meanwhile'));
  hangUp();
  await drained.clock.advance(1);
  assert.deepEqual(drained.exits, [{ code: BROKEN_EXIT_CODE, atMs: 0 }]);
});

test('a host that breaks while it drains waits for the ends of its calls no longer: they are moved on at once (closer17 1)', async () => {
  const { clock, shutdown, moved, closed, exits, call } = rig(600_000);
  call();
  shutdown.asked('SIGTERM');
  await clock.advance(30_000);
  shutdown.exception(new Error('a broken invariant'));
  await clock.advance(10_000);
  assert.deepEqual([moved, closed, exits], [[10_000], [40_000], [{ code: BROKEN_EXIT_CODE, atMs: 40_000 }]]);
});

test('more than a host tolerates, while it drains, moves its calls on at once and makes its end a failure', async () => {
  const { clock, shutdown, moved, exits, call } = rig(600_000);
  call();
  shutdown.asked('SIGTERM');
  await clock.advance(30_000);
  for (let i = 0; i < 40; i += 1) shutdown.unexpected(new Error('a listener threw'));
  await clock.advance(10_000);
  assert.deepEqual([moved, exits], [[10_000], [{ code: BROKEN_EXIT_CODE, atMs: 40_000 }]]);
});

test('rejections that nobody handled are counted, and only many of them end a host (review 4.13)', async () => {
  const { clock, live, shutdown, exits } = rig(60_000);
  for (let i = 0; i < 10; i += 1) shutdown.rejection(new Error('left over'));
  assert.equal(live.draining, false);
  await clock.advance(3_600_000);
  // An hour later they are forgotten. What was caught where it cannot happen counts like them.
  for (let i = 0; i < 5; i += 1) shutdown.rejection(new Error('left over'));
  for (let i = 0; i < 5; i += 1) shutdown.unexpected(new Error('a listener threw'));
  assert.equal(live.draining, false);
  shutdown.unexpected(new Error('a listener threw'));
  assert.ok(live.draining);
  await clock.advance(0);
  assert.deepEqual(exits, [{ code: BROKEN_EXIT_CODE, atMs: 3_600_000 }]);
});

test('a host that hangs while it closes ends all the same (review 4.13)', async () => {
  const clock = new VirtualClock();
  const exits: number[] = [];
  const shutdown = new Shutdown({ drainMs: 1000, exit: (code) => exits.push(code), clock, log: silent });
  shutdown.watch({ drain: async () => {}, move: async () => {}, close: () => new Promise(() => {}) });
  shutdown.asked('SIGTERM');
  await clock.advance(1000 + HARD_STOP_MS);
  assert.deepEqual(exits, [1]);
});
