import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatsFromPcm, loudness, pcmFromBase64, pcmFromFloats } from './pcm.ts';

test('base64 comes back as the samples that went in, whatever their sign', () => {
  const samples = Int16Array.of(0, 1, -1, 32_767, -32_768, 258);
  assert.deepEqual(pcmFromBase64(Buffer.from(samples.buffer).toString('base64')), samples);
});

test('an odd byte at the end is no sample', () => {
  assert.equal(pcmFromBase64(Buffer.from([1, 0, 7]).toString('base64')).length, 1);
});

test('floats beyond full scale are clipped, not wrapped', () => {
  assert.deepEqual(pcmFromFloats(Float32Array.of(2, -2, 0)), Int16Array.of(32_767, -32_767, 0));
});

test('loudness rises with the level, from silence at 0 to full scale at 1', () => {
  const at = (amplitude: number) => loudness(new Float32Array(100).fill(amplitude));
  assert.equal(at(0), 0);
  assert.equal(loudness(floatsFromPcm(new Int16Array(0))), 0);
  assert.ok(at(0.01) > 0.2 && at(0.01) < at(0.1));
  assert.ok(Math.abs(at(1) - 1) < 1e-6);
});
