import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from '../../shared/audio/pcm.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { FarSide } from './far-side.ts';

const frame = (value: number) => bytesOf(new Int16Array(320).fill(value));

test('frames that come early are played one after the other', async () => {
  const clock = new VirtualClock();
  const farSide = new FarSide(clock);
  await clock.advance(100);
  for (const value of [1, 2, 3]) farSide.sendAudio(frame(value));
  assert.deepEqual(farSide.spans, [{ start: 1600, end: 1600 + 960, stopped: false }]);
  assert.deepEqual([...farSide.heard(1599, 1601)], [0, 1]);
  assert.deepEqual([...farSide.heard(1919, 1921)], [1, 2]);
});

test('a stop drops what was not played, to the sample', async () => {
  const clock = new VirtualClock();
  const farSide = new FarSide(clock);
  for (const value of [1, 2, 3]) farSide.sendAudio(frame(value));
  await clock.advance(25);
  farSide.stopAudio();
  assert.deepEqual(farSide.spans, [{ start: 0, end: 400, stopped: true }]);
  assert.deepEqual([...farSide.heard(399, 401)], [2, 0]);
});

test('a stop when nothing is left to play is none', async () => {
  const clock = new VirtualClock();
  const farSide = new FarSide(clock);
  farSide.sendAudio(frame(1));
  await clock.advance(40);
  farSide.stopAudio();
  assert.deepEqual(farSide.spans, [{ start: 0, end: 320, stopped: false }]);
});

test('what is sent after a stop, or after the line ran dry, is heard as a stretch of its own', async () => {
  const clock = new VirtualClock();
  const farSide = new FarSide(clock);
  farSide.sendAudio(frame(1));
  await clock.advance(10);
  farSide.stopAudio();
  farSide.sendAudio(frame(2));
  await clock.advance(100);
  farSide.sendAudio(frame(3));
  assert.deepEqual(
    farSide.spans.map(({ start, end }) => [start, end]),
    [
      [0, 160],
      [160, 480],
      [1760, 2080],
    ],
  );
});

test('what was heard before the beginning, or is not heard yet, is silence', () => {
  const farSide = new FarSide(new VirtualClock());
  farSide.sendAudio(frame(7));
  assert.deepEqual([...farSide.heard(-2, 1)], [0, 0, 7]);
  assert.deepEqual([...farSide.heard(-5, -3)], [0, 0]);
  assert.deepEqual([...farSide.heard(319, 321)], [7, 0]);
});
