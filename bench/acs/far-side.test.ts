import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FarSide, type LineRecord } from './far-side.ts';
import { Histogram } from './histogram.ts';
import { newCounts } from './messages.ts';

function line() {
  const record: LineRecord = { counts: newCounts(), jitter: new Histogram() };
  const side = new FarSide(() => record);
  const play = (answer: number, frames: number, atMs: (frame: number) => number, from = 0) => {
    for (let frame = from; frame < from + frames; frame += 1)
      side.take([{ answer, synthesis: answer, frame }], atMs(frame));
  };
  return { record, side, play };
}

/** Six frames at once, then one every 20 ms, as a host with 120 ms of lead sends. */
const paced = (startMs: number) => (frame: number) => startMs + Math.max(0, frame - 5) * 20;

test('an answer that keeps its schedule has neither gaps nor jitter', () => {
  const { record, side, play } = line();
  play(1, 200, paced(1000));
  assert.equal(side.quietMsAt(1000 + 200 * 20 - 1), 0);
  side.stop(5001);
  assert.equal(record.counts.frames, 200);
  assert.equal(record.counts.lateFrames, 0);
  assert.equal(record.jitter.max, 0);
  assert.equal(record.jitter.n, 172);
});

test('a frame after the queue has run dry is late by as much as it was silent', () => {
  const { record, play } = line();
  play(1, 50, (frame) => paced(0)(frame) + (frame >= 30 ? 150 : 0));
  assert.equal(record.counts.lateFrames, 1);
  // 120 ms of lead, of which the frame itself takes 20.
  assert.ok(Math.abs(record.counts.gapMs - 50) < 1e-9);
});

test('jitter is the delay behind the earliest frame of the answer', () => {
  const { record, side, play } = line();
  play(1, 100, (frame) => paced(0)(frame) + (frame === 50 ? 7 : 0));
  side.stop(9999);
  assert.ok(Math.abs(record.jitter.max - 7) < 1e-9);
  assert.ok(record.jitter.percentile(0.5) < 0.05);
});

test('a message of several frames is as late as its first', () => {
  const { record, side } = line();
  for (let first = 0; first < 90; first += 3) {
    const marks = [0, 1, 2].map((frame) => ({ answer: 1, synthesis: 1, frame: first + frame }));
    side.take(marks, Math.max(0, first - 10) * 20 + (first === 60 ? 4 : 0));
  }
  side.stop(9999);
  assert.deepEqual([record.counts.frames, record.counts.lateFrames, record.jitter.n], [90, 0, 20]);
  assert.ok(Math.abs(record.jitter.max - 4) < 1e-9);
});

test('frames of an answer that was stopped are old, and those of the next are not', () => {
  const { record, side, play } = line();
  play(4, 20, paced(0));
  side.stop(300);
  play(5, 10, paced(1000));
  assert.equal(record.counts.oldFrames, 0);
  play(4, 3, paced(1400), 20);
  assert.equal(record.counts.oldFrames, 3);
});

test('an answer that goes on from what was dropped is taken up again, one that just goes on is left over', () => {
  const { record, side, play } = line();
  play(4, 20, paced(0));
  side.stop(300);
  play(4, 30, paced(1000), 15);
  assert.deepEqual([record.counts.resumptions, record.counts.oldFrames, record.counts.repeatedFrames], [1, 0, 0]);
  side.stop(1500);
  play(4, 2, paced(1500), 45);
  assert.deepEqual([record.counts.resumptions, record.counts.oldFrames], [1, 2]);
});

test('lost and repeated frames are told apart, and a new synthesis begins at its first frame', () => {
  const { record, side, play } = line();
  play(1, 10, paced(0));
  play(1, 5, paced(0), 12);
  assert.equal(record.counts.lostFrames, 2);
  play(1, 1, paced(0), 16);
  assert.equal(record.counts.repeatedFrames, 1);
  side.take([{ answer: 1, synthesis: 2, frame: 0 }], 400);
  assert.deepEqual([record.counts.lostFrames, record.counts.repeatedFrames], [2, 1]);
});
