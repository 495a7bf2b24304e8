import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlaybackBuffer } from './playback-buffer.ts';

const RATE = 16_000;
const BLOCK = 128;
const ms = (count: number) => new Float32Array((count * RATE) / 1000).fill(0.5);

function pull(buffer: PlaybackBuffer, milliseconds: number): Float32Array {
  const blocks = Math.ceil((milliseconds * RATE) / 1000 / BLOCK);
  const heard = new Float32Array(blocks * BLOCK);
  for (let block = 0; block < blocks; block += 1) buffer.pull(heard.subarray(block * BLOCK, (block + 1) * BLOCK));
  return heard;
}

const audible = (samples: Float32Array) => samples.filter((sample) => sample !== 0).length;

test('gathers sixty milliseconds before it plays', () => {
  const buffer = new PlaybackBuffer(RATE);
  buffer.push(ms(40));
  assert.equal(audible(pull(buffer, 8)), 0);
  buffer.push(ms(20));
  assert.ok(audible(pull(buffer, 8)) > 0);
});

test('plays a short piece, too, when nothing follows it', () => {
  const buffer = new PlaybackBuffer(RATE);
  buffer.push(ms(20));
  assert.equal(audible(pull(buffer, 200)), (20 * RATE) / 1000);
});

test('a clear silences it within a few milliseconds, and nothing old is heard later', () => {
  const buffer = new PlaybackBuffer(RATE);
  buffer.push(ms(1000));
  pull(buffer, 80);
  buffer.clear();
  const after = pull(buffer, 400);
  assert.ok(audible(after) <= (5 * RATE) / 1000);
  assert.equal(audible(after.subarray(BLOCK)), 0);
  assert.equal(buffer.playing, false);
  assert.equal(buffer.bufferedMs, 0);
});

test('the fade of a clear ends in silence without a step', () => {
  const buffer = new PlaybackBuffer(RATE);
  buffer.push(ms(200));
  pull(buffer, 80);
  buffer.clear();
  const after = pull(buffer, 8);
  for (let i = 1; i < after.length; i += 1) assert.ok(Math.abs((after[i] ?? 0) - (after[i - 1] ?? 0)) < 0.05);
});

test('running dry in the middle of speech is counted; the end of speech and a clear are not', () => {
  const buffer = new PlaybackBuffer(RATE);
  buffer.push(ms(100));
  pull(buffer, 150);
  buffer.push(ms(100));
  assert.equal(buffer.underruns, 1);
  pull(buffer, 800);
  buffer.push(ms(100));
  pull(buffer, 64);
  buffer.clear();
  pull(buffer, 50);
  buffer.push(ms(100));
  assert.equal(buffer.underruns, 1);
});

test('the oldest is dropped where a server sends without end', () => {
  const buffer = new PlaybackBuffer(RATE);
  for (let second = 0; second < 70; second += 1) buffer.push(ms(1000));
  assert.equal(buffer.bufferedMs, 60_000);
  assert.equal(buffer.droppedMs, 10_000);
});

test('whatever the sizes of the pieces, every sample is heard once and in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 }), (lengths) => {
      const buffer = new PlaybackBuffer(RATE);
      let next = 1;
      for (const length of lengths) buffer.push(Float32Array.from({ length }, () => next++));
      const heard = pull(buffer, 60 + (next * 1000) / RATE).filter((sample) => sample !== 0);
      assert.deepEqual(
        heard,
        Float32Array.from({ length: next - 1 }, (_, i) => i + 1),
      );
    }),
  );
});
