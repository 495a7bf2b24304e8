import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FarEnd } from './far-end.ts';
import { markPosition } from './position-mark.ts';

/** A frame of `turn` that begins `ms` into it. */
function frame(turn: number, ms: number): Uint8Array {
  const samples = new Int16Array(320).fill(1000);
  markPosition(samples, turn, ms * 16);
  return new Uint8Array(samples.buffer);
}

function sendAtOnce(farEnd: FarEnd, atMs: number, turn: number, fromMs: number, frames: number): void {
  for (let i = 0; i < frames; i += 1) farEnd.receive(atMs, frame(turn, fromMs + 20 * i));
}

test('frames that come ahead of time are played one after the other', () => {
  const farEnd = new FarEnd();
  sendAtOnce(farEnd, 1000, 1, 0, 6);
  assert.deepEqual(farEnd.runs, [{ turn: 1, startMs: 1000, fromMs: 0 }]);
  assert.ok(farEnd.isAudibleAt(1119));
  assert.ok(!farEnd.isAudibleAt(1121));
});

test('a stop tells how far the listener had heard, and drops the rest', () => {
  const farEnd = new FarEnd();
  sendAtOnce(farEnd, 1000, 1, 0, 6);
  farEnd.stop(1050);
  assert.deepEqual(farEnd.stops, [{ atMs: 1050, turn: 1, heardMs: 50 }]);
  assert.ok(!farEnd.isAudibleAt(1060));
});

test('a voice that comes back after a stop shows where it goes on', () => {
  const farEnd = new FarEnd();
  sendAtOnce(farEnd, 1000, 1, 0, 6);
  farEnd.stop(1050);
  sendAtOnce(farEnd, 1500, 1, 50, 2);
  assert.deepEqual(farEnd.runs.at(-1), { turn: 1, startMs: 1500, fromMs: 50 });
});

test('a stop while nothing plays is none', () => {
  const farEnd = new FarEnd();
  farEnd.stop(500);
  sendAtOnce(farEnd, 1000, 1, 0, 2);
  farEnd.stop(1100);
  assert.deepEqual(farEnd.stops, []);
});

test('frames of a turn that was ended for good are counted as stale, those of the next turn are not', () => {
  const farEnd = new FarEnd();
  sendAtOnce(farEnd, 1000, 1, 0, 2);
  farEnd.expectNoMoreOf(1);
  farEnd.stop(1010);
  sendAtOnce(farEnd, 1020, 1, 40, 3);
  sendAtOnce(farEnd, 1200, 2, 0, 3);
  assert.equal(farEnd.staleFrames, 3);
});

test('an echo brings back what was played at that moment, and nothing after a stop', () => {
  const farEnd = new FarEnd();
  sendAtOnce(farEnd, 1000, 1, 0, 6);
  farEnd.stop(1050);
  const line = new Int16Array(1600);
  farEnd.mixInto(line, 990, 0.5);
  assert.equal(line[159], 0, 'before it was played');
  assert.ok(Math.abs((line[160] ?? 0) - 500) <= 1);
  assert.ok(Math.abs((line[160 + 799] ?? 0) - 500) <= 1, 'until the stop');
  assert.equal(line[160 + 801], 0, 'after the stop');
});
