import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../random.ts';
import { markPosition, readPosition } from './position-mark.ts';

const FRAME_SAMPLES = 320;

test('a frame cut from anywhere in marked audio tells its turn and its place', () => {
  fc.assert(
    fc.property(
      fc.int16Array({ minLength: 4000, maxLength: 4000 }),
      fc.integer({ min: 0, max: 65_535 }),
      fc.integer({ min: 0, max: 60_000 }),
      fc.integer({ min: 0, max: 4000 - FRAME_SAMPLES }),
      (audio, turn, block, cutAt) => {
        const startSample = block * 40;
        markPosition(audio, turn, startSample);
        const read = readPosition(audio.subarray(cutAt, cutAt + FRAME_SAMPLES));
        assert.deepEqual(read, { turn, ms: (startSample + cutAt) / 16 });
      },
    ),
    { numRuns: 200 },
  );
});

test('audio marked piece by piece reads as audio marked at once', () => {
  const whole = new Int16Array(1600).fill(500);
  const pieces = new Int16Array(1600).fill(500);
  markPosition(whole, 7, 320);
  for (let at = 0; at < pieces.length; at += 400) markPosition(pieces.subarray(at, at + 400), 7, 320 + at);
  assert.deepEqual(pieces, whole);
});

test('silence and noise bear no mark', () => {
  assert.equal(readPosition(new Int16Array(FRAME_SAMPLES)), undefined);
  const random = new Random('noise');
  assert.equal(readPosition(Int16Array.from({ length: FRAME_SAMPLES }, () => random.whole(-3000, 3000))), undefined);
});

test('a mark changes no sample by more than its lowest bit', () => {
  fc.assert(
    fc.property(fc.int16Array({ minLength: 320, maxLength: 320 }), (audio) => {
      const marked = audio.slice();
      markPosition(marked, 3, 640);
      assert.ok(marked.every((sample, at) => Math.abs(sample - (audio[at] ?? 0)) <= 1));
    }),
  );
});
