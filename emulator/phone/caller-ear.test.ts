import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { CallerEar } from './caller-ear.ts';

const VOICE = bytesOf(new Int16Array(FRAME_BYTES / 2).fill(4000));
/** Between two words: quiet, but sent. */
const REST = bytesOf(new Int16Array(FRAME_BYTES / 2).fill(3));
const NOTHING = new Uint8Array(FRAME_BYTES);

function hear(ear: CallerEar, ...stretches: readonly (readonly [frame: Uint8Array, count: number])[]): CallerEar {
  for (const [frame, count] of stretches) {
    for (let i = 0; i < count; i++) ear.hear(frame, 0);
  }
  return ear;
}

test('frames that are missing within an answer are a gap, a quiet moment in it is none', () => {
  const ear = hear(
    new CallerEar(),
    [VOICE, 5],
    [REST, 10],
    [VOICE, 5],
    [NOTHING, 2],
    [VOICE, 5],
    [NOTHING, 1],
    [REST, 3],
  );
  assert.deepEqual(ear.gapsMs, [40, 20]);
});

test('the silence before the first word, and between two answers, is no gap', () => {
  const ear = hear(new CallerEar(), [NOTHING, 3], [VOICE, 5], [NOTHING, 40], [VOICE, 5], [NOTHING, 10]);
  assert.deepEqual(ear.gapsMs, []);
});

test('a voice that was stopped has no gap, however soon the next one comes', () => {
  const ear = hear(new CallerEar(), [VOICE, 5]);
  ear.voiceStopped();
  assert.deepEqual(hear(ear, [NOTHING, 5], [VOICE, 5]).gapsMs, []);
});

test('the longest silence is measured while an answer is waited for, also before one that never comes', () => {
  const ear = new CallerEar();
  ear.hear(VOICE, 1_000);
  ear.hear(VOICE, 9_000);
  assert.equal(ear.longestWaitMs, 0);
  ear.waits(10_000);
  for (const atMs of [12_000, 12_020, 16_000]) ear.hear(VOICE, atMs);
  ear.waitsNoMore();
  ear.hear(VOICE, 60_000);
  assert.equal(ear.longestWaitMs, 3_960);
  ear.waits(70_000);
  ear.waitsNoMore(75_000);
  assert.equal(ear.longestWaitMs, 5_000);
});
