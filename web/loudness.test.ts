import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPcm16 } from '../shared/audio/pcm.ts';
import { loudnessOf } from './loudness.ts';

test('loudness rises with the level, from silence at 0 to full scale at 1', () => {
  const at = (amplitude: number) => loudnessOf(toPcm16(new Float32Array(100).fill(amplitude)));
  assert.equal(at(0), 0);
  assert.equal(loudnessOf(new Uint8Array(0)), 0);
  assert.ok(at(0.01) > 0.2 && at(0.01) < at(0.1));
  assert.ok(Math.abs(at(1) - 1) < 1e-4);
});
