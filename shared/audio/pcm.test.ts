import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, dbfsOf, FrameCutter, rmsOf, samplesOf, toFloat32, toPcm16 } from './pcm.ts';

test('samples are a view of aligned memory and a copy of memory that is not', () => {
  const memory = new Uint8Array([9, 1, 0, 2, 0, 9]);
  assert.deepEqual([...samplesOf(memory.subarray(1, 5))], [1, 2]);
  const aligned = memory.subarray(2, 6);
  assert.equal(samplesOf(aligned).buffer, aligned.buffer);
});

test('PCM16 survives the way to floats and back', () => {
  fc.assert(
    fc.property(fc.int16Array(), (samples) => {
      assert.deepEqual(toPcm16(toFloat32(bytesOf(samples))), bytesOf(samples).slice());
    }),
  );
});

test('loud floats are clipped, not wrapped around', () => {
  assert.deepEqual([...samplesOf(toPcm16(new Float32Array([2, -2])))], [32_767, -32_768]);
});

test('the level of a full square wave is 0 dBFS and that of nothing is silence', () => {
  assert.equal(dbfsOf(rmsOf(bytesOf(new Int16Array(100).fill(-32_768)))), 0);
  assert.equal(rmsOf(new Uint8Array(0)), 0);
  assert.equal(dbfsOf(rmsOf(new Uint8Array(640))), -Infinity);
});

test('a frame cutter gives back every byte in order, whatever the chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 16 }), (chunks, frameBytes) => {
      const cutter = new FrameCutter(frameBytes);
      const frames: Uint8Array[] = [];
      for (const chunk of chunks) cutter.write(chunk, (frame) => frames.push(frame));
      const last = cutter.flush();
      const whole = Buffer.concat(chunks);
      const silence = Buffer.alloc(last ? frameBytes - (whole.length % frameBytes) : 0);
      assert.deepEqual(Buffer.concat(last ? [...frames, last] : frames), Buffer.concat([whole, silence]));
      assert.ok(frames.every((frame) => frame.length === frameBytes));
      assert.equal(cutter.flush(), undefined);
    }),
  );
});

test('samples at an odd place of a Buffer are read where they are', () => {
  const pool = Buffer.from([9, 1, 0, 2, 0]);
  assert.deepEqual([...samplesOf(pool.subarray(1))], [1, 2]);
});
