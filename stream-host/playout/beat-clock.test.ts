import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { BeatClock } from './beat-clock.ts';

const never = (error: unknown) => assert.fail(String(error));

test('a task runs on the last beat before its deadline, and finds that its time has come', async () => {
  const { clock, beat } = clocks();
  await clock.advance(3);
  const ran: number[][] = [];
  beat.after(20, () => ran.push([clock.now(), Math.round(beat.now())]));
  await clock.advance(16);
  assert.deepEqual(ran, []);
  await clock.advance(10);
  assert.deepEqual(ran, [[20, 23]]);
  assert.equal(beat.now(), clock.now());
});

test('what repeats every 20 ms runs every 20 ms, always early by the same time', async () => {
  const { clock, beat } = clocks();
  await clock.advance(7);
  const ran: number[] = [];
  let deadlineMs = clock.now();
  const next = () => {
    deadlineMs += 20;
    beat.after(deadlineMs - beat.now(), () => {
      ran.push(clock.now());
      next();
    });
  };
  next();
  await clock.advance(1000);
  assert.equal(ran.length, 50);
  assert.deepEqual(
    ran,
    ran.map((_, i) => 25 + i * 20),
  );
});

test('it knows how late its beats have come, and forgets half of it in 30 s', async () => {
  const { clock, beat } = clocks();
  const punctual = clock.after.bind(clock);
  const keepBeating = () => void beat.after(5, keepBeating);
  keepBeating();
  await clock.advance(1000);
  assert.equal(beat.latenessMs, 0);
  clock.after = (delayMs, task) => punctual(delayMs + 80, task);
  await clock.advance(200);
  clock.after = punctual;
  await clock.advance(100);
  const latenessMs = beat.latenessMs;
  assert.ok(latenessMs > 79 && latenessMs <= 80, `${latenessMs} ms`);
  await clock.advance(30_000);
  assert.ok(Math.abs(beat.latenessMs - latenessMs / 2) < 1e-6);
});

test('whatever is set and cancelled, each task runs at most once, in time, never after its cancellation', async () => {
  const task = fc.record({
    atMs: fc.nat(300),
    delayMs: fc.double({ min: 0, max: 2000, noNaN: true }),
    cancelAtMs: fc.option(fc.nat(2500)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
      const { clock, beat } = clocks();
      const ran = tasks.map(() => [] as number[]);
      for (const [i, { atMs, delayMs, cancelAtMs }] of tasks.entries()) {
        clock.after(atMs, () => {
          const cancel = beat.after(delayMs, () => ran[i]?.push(clock.now()));
          if (cancelAtMs !== null) clock.after(cancelAtMs, cancel);
        });
      }
      await clock.advance(5000);
      for (const [i, { atMs, delayMs, cancelAtMs }] of tasks.entries()) {
        const deadlineMs = atMs + delayMs;
        const [at, ...more] = ran[i] ?? [];
        assert.deepEqual(more, []);
        if (at === undefined) assert.ok(cancelAtMs !== null && cancelAtMs <= delayMs);
        else assert.ok(at <= deadlineMs + 1e-6 && at > deadlineMs - 6, `${at} for ${deadlineMs}`);
      }
      assert.equal(beat.pending, 0);
      assert.equal(clock.pending, 0, 'with nothing to do there is no timer');
    }),
    { numRuns: 50 },
  );
});

test('a task that throws is reported, and the others of its beat run', async () => {
  const errors: unknown[] = [];
  const clock = new VirtualClock();
  const beat = new BeatClock({ clock, onTaskError: (error) => errors.push(error) });
  let others = 0;
  beat.after(20, () => {
    throw new Error('of one call');
  });
  beat.after(20, () => {
    others += 1;
  });
  await clock.advance(30);
  assert.equal(errors.length, 1);
  assert.equal(others, 1);
});

test('beats that were missed are made up for at once, in order', async () => {
  const late = new VirtualClock();
  // A clock whose timers all fire 37 ms late, as behind a blocked event loop.
  const blocked = {
    now: () => late.now(),
    wallMs: () => late.wallMs(),
    after: (ms: number, task: () => void) => late.after(ms + 37, task),
  };
  const beat = new BeatClock({ clock: blocked, onTaskError: never });
  const ran: string[] = [];
  beat.after(30, () => ran.push('second'));
  beat.after(10, () => ran.push('first'));
  await late.advance(43);
  assert.deepEqual(ran, ['first', 'second']);
});

test('how late the latest beat was is told once', async () => {
  const late = new VirtualClock();
  const blocked = {
    now: () => late.now(),
    wallMs: () => late.wallMs(),
    after: (ms: number, task: () => void) => late.after(ms + 37, task),
  };
  const beat = new BeatClock({ clock: blocked, onTaskError: never });
  beat.after(30, () => {});
  await late.advance(100);
  assert.equal(beat.takeLatestMs(), 37);
  assert.equal(beat.takeLatestMs(), 0);
});

test('a closed clock runs nothing more', async () => {
  const { clock, beat } = clocks();
  beat.after(20, () => assert.fail('closed'));
  beat.close();
  beat.close();
  beat.after(20, () => assert.fail('closed'));
  await clock.advance(100);
  assert.equal(beat.pending, 0);
});

test('a hundred calls of different phases share one timer', async () => {
  const { clock, beat } = clocks();
  for (let call = 0; call < 100; call += 1) beat.after(10 + (call % 20), () => undefined);
  assert.equal(beat.pending, 100);
  assert.equal(clock.pending, 1);
  await clock.advance(50);
  assert.equal(beat.pending, 0);
});

function clocks() {
  const clock = new VirtualClock();
  return { clock, beat: new BeatClock({ clock, onTaskError: never }) };
}
