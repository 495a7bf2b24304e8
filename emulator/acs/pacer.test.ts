import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../shared/clock.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Pacer } from './pacer.ts';

const rethrow = (error: unknown): never => {
  throw error;
};

/** Timers fire late by these amounts, in turn: what a busy machine does. */
function lateClock(clock: VirtualClock, lateness: readonly number[]): Clock {
  let next = 0;
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, task) => clock.after(delayMs + (lateness[next++ % lateness.length] ?? 0), task),
  };
}

test('a beat comes every 20 ms, and late timers never make the beats drift', async () => {
  const lateness = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(lateness, fc.integer({ min: 1, max: 60 }), async (late, seconds) => {
      const clock = new VirtualClock();
      const pacer = new Pacer(lateClock(clock, late), 20, rethrow);
      let beats = 0;
      const cancel = pacer.add(() => {
        beats++;
        assert.ok(clock.now() >= beats * 20, 'a beat came early');
      });
      await clock.advance(seconds * 1000);
      cancel();
      assert.ok(beats >= seconds * 50 - 8, `${beats} beats in ${seconds} s`);
      assert.ok(beats <= seconds * 50);
      assert.equal(pacer.skippedBeats, 0);
    }),
    { numRuns: 30 },
  );
});

test('after a long stall the missed beats are left out but for the last ten', async () => {
  const clock = new VirtualClock();
  const pacer = new Pacer(lateClock(clock, [0, 60_000, 0, 0, 0, 0, 0, 0]), 20, rethrow);
  let beats = 0;
  const cancel = pacer.add(() => beats++);
  await clock.advance(60_100);
  cancel();
  assert.equal(pacer.skippedBeats, 60_000 / 20 - 10);
  assert.equal(beats + pacer.skippedBeats, 60_100 / 20);
});

test('the timer rests while nobody is paced, and starts afresh', async () => {
  const clock = new VirtualClock();
  const pacer = new Pacer(clock, 20, rethrow);
  const cancelFirst = pacer.add(() => {});
  cancelFirst();
  assert.equal(clock.pending, 0);
  await clock.advance(5_000);
  let beats = 0;
  const cancel = pacer.add(() => beats++);
  await clock.advance(100);
  assert.equal(beats, 5);
  cancel();
  assert.equal(clock.pending, 0);
});

test('a call that fails at its beat takes no other call with it', async () => {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const pacer = new Pacer(clock, 20, (error) => errors.push(error));
  let beats = 0;
  pacer.add(() => rethrow(new Error('broken')));
  pacer.add(() => beats++);
  await clock.advance(100);
  assert.equal(beats, 5);
  assert.equal(errors.length, 5);
});
