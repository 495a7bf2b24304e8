import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SilenceWatch } from './silence-watch.ts';

function watch() {
  const clock = new VirtualClock();
  const silences: unknown[] = [];
  const line = new SilenceWatch({
    clock,
    firstMs: 60_000,
    laterMs: 30_000,
    onSilent: (wasHeard, waitedMs) => silences.push({ wasHeard, waitedMs, atMs: clock.now() }),
  });
  return { clock, silences, line };
}

test('a line that never sends is told so after the first wait, once', async () => {
  const { clock, silences } = watch();
  await clock.advance(59_999);
  assert.deepEqual(silences, []);
  await clock.advance(200_000);
  assert.deepEqual(silences, [{ wasHeard: false, waitedMs: 60_000, atMs: 60_000 }]);
  assert.equal(clock.pending, 0);
});

test('a line that goes silent later is told so too, and one that goes on is not (H1)', async () => {
  const { clock, silences, line } = watch();
  for (let i = 0; i < 100_000 / 20; i++) {
    line.heard(20);
    await clock.advance(20);
  }
  assert.deepEqual(silences, []);
  await clock.advance(40_000);
  assert.equal(silences.length, 1);
  assert.equal(line.close(), undefined);
});

test('two bytes now and then are no audio (H1)', async () => {
  const { clock, silences, line } = watch();
  for (let i = 0; i < 60; i++) {
    line.heard(1 / 16);
    await clock.advance(1000);
  }
  assert.deepEqual(silences, [{ wasHeard: false, waitedMs: 60_000, atMs: 60_000 }]);
});

test('a host that stood still does not blame the far side, whose audio it has yet to read', () => {
  let timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    wallMs: () => 0,
    after: (_: number, task: () => void) => {
      timers.push(task);
      return () => {};
    },
  };
  /** As a process that is woken does: what is due runs once, the sockets are read after that. */
  const wake = () => {
    const due = timers;
    timers = [];
    for (const task of due) task();
  };
  const silences: unknown[] = [];
  const line = new SilenceWatch({ clock, firstMs: 100, laterMs: 100, onSilent: () => silences.push('blamed') });
  timers = timers.slice(-1);
  for (let i = 0; i < 20; i++) {
    wake();
    line.heard(1000);
  }
  assert.deepEqual(silences, []);
});
