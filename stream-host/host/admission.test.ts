import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import {
  Admission,
  DEFAULT_ADMISSION_POLICY,
  type Door,
  forecastCpu,
  judgeLoad,
  type Load,
  OPEN_DOOR,
} from './admission.ts';
import { HostHealth } from './host-health.ts';
import { LiveSessions } from './live-sessions.ts';

const policy = DEFAULT_ADMISSION_POLICY;
const EASY: Load = { loopDelayMs: 1, speechLaneMs: 20, cpu: 0.3 };
const afterAll = (loads: readonly Load[], door: Door = OPEN_DOOR) =>
  loads.reduce((before, load) => judgeLoad(before, load, policy), door);

test('one slow second closes nothing, two in a row do, and say why', () => {
  const late = { ...EASY, loopDelayMs: 50 };
  assert.equal(afterAll([late]).closedBy, undefined);
  assert.equal(afterAll([late, EASY, late]).closedBy, undefined);
  assert.equal(afterAll([late, late]).closedBy, 'loopDelayMs');
  const slow = { ...EASY, speechLaneMs: 200 };
  assert.equal(afterAll([slow, slow]).closedBy, 'speechLaneMs');
  const hot = { ...EASY, cpu: 0.95 };
  assert.equal(afterAll([hot, hot]).closedBy, 'cpu');
});

test('a closed door opens after five easy seconds in a row, and not between the thresholds', () => {
  const hot = { ...EASY, cpu: 0.95 };
  const warm = { ...EASY, cpu: 0.8 };
  const closed = afterAll([hot, hot]);
  assert.equal(afterAll(Array(20).fill(warm), closed).closedBy, 'cpu');
  assert.equal(afterAll(Array(4).fill(EASY), closed).closedBy, 'cpu');
  assert.equal(afterAll([EASY, EASY, EASY, EASY, warm, EASY, EASY, EASY, EASY], closed).closedBy, 'cpu');
  assert.equal(afterAll(Array(5).fill(EASY), closed).closedBy, undefined);
});

test('the door never moves on fewer readings than its policy asks, whatever the load does', () => {
  const load = fc.record({
    loopDelayMs: fc.double({ min: 0, max: 100, noNaN: true }),
    speechLaneMs: fc.double({ min: 0, max: 300, noNaN: true }),
    cpu: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(load, { maxLength: 60 }), (loads) => {
      let door = OPEN_DOOR;
      let sinceChange = Number.POSITIVE_INFINITY;
      for (const reading of loads) {
        const next = judgeLoad(door, reading, policy);
        sinceChange += 1;
        if ((next.closedBy === undefined) !== (door.closedBy === undefined)) {
          assert.ok(sinceChange >= (next.closedBy === undefined ? policy.openAfter : policy.closeAfter));
          sinceChange = 0;
        }
        door = next;
      }
    }),
  );
});

test('a crowd that no reading shows yet is counted by what the sessions before it cost', () => {
  const load = { ...EASY, cpu: 0.5 };
  assert.ok(Math.abs(forecastCpu(load, 100, 100, policy) - 0.505) < 1e-9);
  assert.ok(Math.abs(forecastCpu(load, 100, 179, policy) - 0.9) < 1e-9);
  // Too few to tell: one busy session must not make the next look as dear.
  assert.ok(forecastCpu({ ...EASY, cpu: 0.4 }, 1, 1, policy) < 0.41);
});

/** A host's door, with a load and a number of sessions that the test sets. */
function doorOf(initial: Load, maxSessions = 100) {
  const clock = new VirtualClock();
  const at = { load: initial };
  const admission: Admission = new Admission({
    clock,
    log: pino({ level: 'silent' }),
    readLoad: () => at.load,
    countSessions: () => live.count,
  });
  const live: LiveSessions = new LiveSessions({ maxSessions, clock, admission });
  return { clock, at, admission, live };
}

function admit(live: LiveSessions, count: number) {
  return Array.from({ length: count }, () => live.admit('phone'));
}

test('a busy host lets nobody in, keeps those that it has, and is told to the functions as full', async () => {
  const { clock, at, admission, live } = doorOf(EASY);
  let changes = 0;
  admission.onChange(() => changes++);
  assert.ok(admit(live, 30).every((place) => typeof place === 'function'));
  assert.equal(live.capacity, 100);

  at.load = { ...EASY, loopDelayMs: 80 };
  await clock.advance(2000);
  assert.equal(changes, 1);
  assert.equal(live.admit('phone'), 'overloaded');
  assert.equal(live.count, 30);
  assert.equal(live.capacity, 30);
  const told = new HostHealth({ clock, parts: {}, services: [], live, log: pino({ level: 'silent' }) }).report();
  assert.equal(told.status, 'full');
  assert.match(told.problems[0] ?? '', /event loop is late/);
  assert.deepEqual(admission.reading, { ...at.load, open: false, closedBy: 'loopDelayMs' });

  at.load = EASY;
  await clock.advance(5000);
  assert.equal(changes, 2);
  assert.equal(typeof live.admit('phone'), 'function');
  assert.equal(live.capacity, 100);
});

test('of a crowd within one second only so many come in as there is CPU for', async () => {
  const { clock, at, live } = doorOf(EASY, 1000);
  admit(live, 50);
  at.load = { ...EASY, cpu: 0.5 };
  await clock.advance(1000);
  const crowd = admit(live, 200);
  assert.equal(crowd.filter((place) => typeof place === 'function').length, 31);
  assert.ok(crowd.slice(31).every((place) => place === 'overloaded'));
});

test('a host with hardly any sessions lets them in however slow the machine is', async () => {
  const { clock, at, live } = doorOf(EASY);
  at.load = { loopDelayMs: 300, speechLaneMs: 900, cpu: 1 };
  await clock.advance(10_000);
  assert.ok(admit(live, 10).every((place) => typeof place === 'function'));
  assert.equal(live.admit('phone'), 'overloaded');
});

test('the number of places is a limit of its own; beyond it a few calls that stand are let in (issue 17)', () => {
  const { live } = doorOf(EASY, 2);
  admit(live, 2);
  assert.equal(live.admit('phone'), 'full');
  assert.equal(typeof live.admit('phone', true), 'function');
  assert.equal(live.admit('phone', true), 'full');
  assert.equal(live.capacity - live.count, -1, 'which the functions take for no place');
});

test('a closed admission reads no more', async () => {
  const { clock, at, admission, live } = doorOf(EASY);
  admit(live, 20);
  admission.close();
  admission.close();
  at.load = { ...EASY, cpu: 1 };
  await clock.advance(10_000);
  assert.equal(admission.overload, undefined);
});
