import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../../../shared/audio/pcm.ts';
import { AudioMemory } from './audio-memory.ts';

const tone = (hz: number, samples: number) =>
  Int16Array.from({ length: samples }, (_, i) => 10_000 * Math.sin((2 * Math.PI * hz * i) / 16_000));
const loudest = (memory: AudioMemory, from: number, to: number) =>
  Math.max(...Array.from({ length: to - from }, (_, i) => Math.abs(memory.at(from + i))));

test('speech is kept and what would fold into it is not', () => {
  const low = new AudioMemory(1024);
  low.write(bytesOf(tone(500, 1600)));
  assert.ok(loudest(low, 100, 800) > 9000);
  const high = new AudioMemory(1024);
  high.write(bytesOf(tone(7000, 1600)));
  assert.ok(loudest(high, 100, 800) < 100);
});

test('chunks of any length at any address come out as one stream', () => {
  const samples = tone(440, 1000);
  const whole = new AudioMemory(1024);
  whole.write(bytesOf(samples));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 4, maxLength: 20 }), (lengths) => {
      const pieces = new AudioMemory(1024);
      let at = 0;
      for (const length of [...lengths, 1000]) {
        const piece = bytesOf(samples.subarray(at, at + length));
        const odd = new Uint8Array(piece.length + 1).subarray(1);
        odd.set(piece);
        pieces.write(odd);
        at += length;
      }
      assert.equal(pieces.end, 500);
      for (let i = 0; i < 500; i += 1) assert.equal(pieces.at(i), whole.at(i));
    }),
    { numRuns: 50 },
  );
});

test('what was never written, was dropped, or lies too far back is silence', () => {
  const memory = new AudioMemory(512);
  memory.moveTo(100);
  memory.write(bytesOf(tone(500, 400)));
  assert.equal(memory.end, 300);
  assert.ok(loudest(memory, 110, 300) > 5000);
  assert.equal(loudest(memory, 300, 900), 0);
  memory.moveTo(200);
  assert.equal(loudest(memory, 200, 400), 0);
  assert.ok(loudest(memory, 110, 200) > 5000);
  memory.moveTo(650);
  assert.equal(loudest(memory, 0, 138), 0);
  assert.equal(loudest(memory, 200, 700), 0);
  memory.moveTo(10_000);
  assert.equal(loudest(memory, 9000, 10_000), 0);
});

test('silence that is put in moves what follows, and nothing else', () => {
  const memory = new AudioMemory(512);
  memory.write(bytesOf(tone(500, 400)));
  const before = Array.from({ length: 200 }, (_, i) => memory.at(i));
  memory.insertSilence(150, 80);
  assert.equal(memory.end, 280);
  assert.deepEqual(
    Array.from({ length: 280 }, (_, i) => memory.at(i)),
    [...before.slice(0, 150), ...Array.from({ length: 80 }, () => 0), ...before.slice(150)],
  );
});
