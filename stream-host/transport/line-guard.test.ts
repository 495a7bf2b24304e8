import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { LineGuard } from './line-guard.ts';

test('four people who speak for a minute are no flood, and one who sends four times as much is', async () => {
  const clock = new VirtualClock();
  const closed: number[] = [];
  const unmixed = new LineGuard(clock, (code) => closed.push(code));
  const flooded = new LineGuard(clock, (code) => closed.push(code));
  for (let atMs = 0; atMs < 60_000; atMs += 20) {
    await clock.advance(20);
    for (const participant of ['4:+1', '4:+2', '4:+3', '4:+4']) {
      assert.ok(unmixed.admits(20, participant));
      flooded.admits(20, '4:+1');
    }
  }
  assert.equal(unmixed.counts.excess, 0);
  assert.ok(flooded.counts.excess > 0);
  assert.ok(closed.every((code) => code === 4430) && closed.length > 0);
});

test('whoever makes participants up gets no more than a line has', async () => {
  const clock = new VirtualClock();
  const guard = new LineGuard(clock, () => {});
  for (let atMs = 0; atMs < 20_000; atMs += 20) {
    await clock.advance(20);
    for (let n = 0; n < 8; n += 1) guard.admits(20, `8:acs:${atMs}-${n}`);
  }
  assert.ok(guard.counts.excess > 5000);
});

test('a meeting of many, of whom four speak at a time, is no flood (breaker 6)', async () => {
  const clock = new VirtualClock();
  const closed: number[] = [];
  const guard = new LineGuard(clock, (code) => closed.push(code));
  for (let group = 0; group < 12; group += 1) {
    for (let atMs = 0; atMs < 20_000; atMs += 20) {
      await clock.advance(20);
      for (let n = 0; n < 4; n += 1) guard.admits(20, `8:acs:${group}-${n}`);
    }
  }
  assert.deepEqual([guard.counts.excess, closed.length], [0, 0]);
});
