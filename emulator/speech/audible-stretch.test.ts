import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { audibleStretch } from './audible-stretch.ts';

const tone = (ms: number, level: number): number[] =>
  Array.from({ length: (ms * SAMPLE_RATE) / 1000 }, (_, i) => level * Math.sin(i / 3));
const msOf = ({ length }: Float32Array): number => (length * 1000) / SAMPLE_RATE;

test('of the silence around a word little stays', () => {
  const audio = Float32Array.from([...tone(450, 0), ...tone(300, 0.4), ...tone(400, 0)]);
  assert.equal(msOf(audibleStretch(audio)), 60 + 300 + 150);
});

test('noise is no silence, and a pause within the words stays', () => {
  const noisy = Float32Array.from([...tone(450, 0.02), ...tone(300, 0.4), ...tone(400, 0.02)]);
  assert.equal(msOf(audibleStretch(noisy)), 1150);
  const twice = Float32Array.from([...tone(200, 0.4), ...tone(300, 0), ...tone(200, 0.4)]);
  assert.equal(msOf(audibleStretch(twice)), 700);
});

test('audio in which nothing is audible is left as it is', () => {
  assert.equal(audibleStretch(new Float32Array(100)).length, 100);
  assert.equal(audibleStretch(new Float32Array(0)).length, 0);
});
