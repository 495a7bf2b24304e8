import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../corpus/random.ts';
import { locate } from './locate.ts';

const random = new Random('locate');
const speech = Int16Array.from({ length: 40_000 }, () => random.whole(-3000, 3000));

test('a piece is found where it was taken from, to the sample', () => {
  assert.equal(locate(speech, speech.slice(12_345, 20_000)), 12_345);
});

test('a piece that fades in is found by what comes after the fade', () => {
  const piece = speech.slice(5001, 9000).map((sample, i) => (i < 640 ? (sample * i) / 640 : sample));
  assert.equal(locate(speech, piece), 5001);
});

test('a piece that begins with silence is found by what comes after it', () => {
  const piece = new Int16Array(4000);
  piece.set(speech.subarray(8000, 10_500), 1500);
  assert.equal(locate(speech, piece), 6500);
});

test('what is from elsewhere, or silent, is not found', () => {
  assert.equal(
    locate(
      speech,
      Int16Array.from({ length: 4000 }, () => random.whole(-3000, 3000)),
    ),
    undefined,
  );
  assert.equal(locate(speech, new Int16Array(4000)), undefined);
});
