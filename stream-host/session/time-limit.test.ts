import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { limitTime } from './time-limit.ts';

function limited(maxCallMs: number, goneMs = 0) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const stop = limitTime({
    clock,
    beganAtMs: clock.wallMs() - goneMs,
    maxCallMs,
    onNear: (leftS) => told.push(`${leftS} s left`),
    onOver: () => told.push('over'),
  });
  return { clock, told, stop };
}

test('a call that lasts too long is told a minute before it ends, a short one in its last quarter', async () => {
  const long = limited(3_600_000);
  await long.clock.advance(3_539_000);
  assert.deepEqual(long.told, []);
  await long.clock.advance(1_000);
  assert.deepEqual(long.told, ['60 s left']);
  await long.clock.advance(60_000);
  assert.deepEqual(long.told, ['60 s left', 'over']);
  const short = limited(20_000);
  await short.clock.advance(20_000);
  assert.deepEqual(short.told, ['5 s left', 'over']);
});

test('a host that takes a call over counts on from its beginning, and does not cut it off in its first word', async () => {
  const late = limited(3_600_000, 3_570_000);
  await late.clock.advance(30_000);
  assert.deepEqual(late.told, ['over']);
  const overdue = limited(60_000, 100_000);
  await overdue.clock.advance(4_000);
  assert.deepEqual(overdue.told, []);
  await overdue.clock.advance(1_000);
  assert.deepEqual(overdue.told, ['over']);
});

test('a session that ends before leaves no timer behind', () => {
  const { clock, stop } = limited(60_000);
  stop();
  assert.equal(clock.pending, 0);
});
