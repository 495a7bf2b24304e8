import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FarEnd, type LineRecord, newLineCounts } from './far-end.ts';
import { markPosition } from './position-mark.ts';

/** Frames of `turn` from the one that begins `ms` into it. */
function frames(turn: number, ms: number, count = 1): Uint8Array {
  const samples = new Int16Array(320 * count).fill(1000);
  markPosition(samples, turn, ms * 16);
  return new Uint8Array(samples.buffer);
}

function line() {
  const record: LineRecord = { counts: newLineCounts(), jitterMs: [] };
  const farEnd = new FarEnd(() => record);
  const play = (turn: number, count: number, atMs: (frame: number) => number, from = 0) => {
    for (let frame = from; frame < from + count; frame += 1) farEnd.receive(atMs(frame), frames(turn, frame * 20));
  };
  return { record, farEnd, play };
}

/** Six frames at once, then one every 20 ms, as a host with 120 ms of lead sends. */
const paced = (startMs: number) => (frame: number) => startMs + Math.max(0, frame - 5) * 20;

test('frames that come ahead of time are played one after the other', () => {
  const farEnd = new FarEnd();
  farEnd.receive(1000, frames(1, 0, 6));
  assert.deepEqual(farEnd.runs, [{ turn: 1, startMs: 1000, fromMs: 0 }]);
  assert.deepEqual([farEnd.quietMsAt(1119), farEnd.quietMsAt(1121)], [0, 1]);
});

test('a stop tells how far the listener had heard, drops the rest, and shows where the voice goes on', () => {
  const farEnd = new FarEnd();
  farEnd.receive(1000, frames(1, 0, 6));
  farEnd.stop(1050);
  assert.deepEqual(farEnd.stops, [{ atMs: 1050, turn: 1, heardMs: 50 }]);
  assert.equal(farEnd.quietMsAt(1060), 10);
  farEnd.receive(1500, frames(1, 50, 2));
  assert.deepEqual(farEnd.runs.at(-1), { turn: 1, startMs: 1500, fromMs: 50 });
});

test('a stop while nothing plays is none', () => {
  const farEnd = new FarEnd();
  farEnd.stop(500);
  farEnd.receive(1000, frames(1, 0, 2));
  farEnd.stop(1100);
  assert.deepEqual(farEnd.stops, []);
});

test('an echo brings back what was played at that moment, and nothing after a stop', () => {
  const farEnd = new FarEnd();
  farEnd.receive(1000, frames(1, 0, 6));
  farEnd.stop(1050);
  const echo = new Int16Array(1600);
  farEnd.mixInto(echo, 990, 0.5);
  assert.equal(echo[159], 0, 'before it was played');
  assert.ok(Math.abs((echo[160] ?? 0) - 500) <= 1);
  assert.ok(Math.abs((echo[160 + 799] ?? 0) - 500) <= 1, 'until the stop');
  assert.equal(echo[160 + 801], 0, 'after the stop');
});

test('a turn that keeps its schedule has neither gaps nor jitter', () => {
  const { record, farEnd, play } = line();
  play(1, 200, paced(1000));
  assert.equal(farEnd.quietMsAt(1000 + 200 * 20 - 1), 0);
  farEnd.stop(5001);
  assert.deepEqual([record.counts.frames, record.counts.lateFrames, record.jitterMs.length], [200, 0, 172]);
  assert.ok(record.jitterMs.every((ms) => ms === 0));
});

test('a frame after the queue has run dry is late by as much as it was silent', () => {
  const { record, play } = line();
  play(1, 50, (frame) => paced(0)(frame) + (frame >= 30 ? 150 : 0));
  assert.equal(record.counts.lateFrames, 1);
  // 120 ms of lead, of which the frame itself takes 20.
  assert.ok(Math.abs(record.counts.gapMs - 50) < 1e-9);
});

test('jitter is the delay behind the earliest message of the turn, each as late as its first frame', () => {
  const { record, farEnd } = line();
  for (let first = 0; first < 90; first += 3) {
    farEnd.receive(Math.max(0, first - 10) * 20 + (first === 60 ? 4 : 0), frames(1, first * 20, 3));
  }
  farEnd.stop(9999);
  assert.deepEqual([record.counts.frames, record.counts.lateFrames, record.jitterMs.length], [90, 0, 20]);
  assert.ok(Math.abs(Math.max(...record.jitterMs) - 4) < 1e-9);
});

test('frames of a turn that was stopped are old, and those of the next are not', () => {
  const { record, farEnd, play } = line();
  play(4, 20, paced(0));
  farEnd.stop(300);
  play(5, 10, paced(1000));
  assert.equal(record.counts.oldFrames, 0);
  play(4, 3, paced(1400), 20);
  assert.equal(record.counts.oldFrames, 3);
});

test('a turn that goes on from what was dropped is taken up again, one that just goes on is left over', () => {
  const { record, farEnd, play } = line();
  const { counts } = record;
  play(4, 20, paced(0));
  farEnd.stop(300);
  play(4, 30, paced(1000), 15);
  assert.deepEqual([counts.resumptions, counts.oldFrames, counts.repeatedFrames, counts.lostFrames], [1, 0, 0, 0]);
  farEnd.stop(1500);
  play(4, 2, paced(1500), 45);
  assert.deepEqual([counts.resumptions, counts.oldFrames], [1, 2]);
});

test('lost and repeated frames are told apart; what has turn 0 is in no order', () => {
  const { record, play } = line();
  play(1, 10, paced(0));
  play(1, 5, paced(0), 12);
  play(1, 1, paced(0), 16);
  play(0, 1, paced(400));
  play(0, 1, paced(400), 9);
  assert.deepEqual([record.counts.lostFrames, record.counts.repeatedFrames], [2, 1]);
});
