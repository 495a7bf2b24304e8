import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { VoiceBuffer } from './voice-buffer.ts';

const frame = (value: number): Uint8Array => new Uint8Array(FRAME_BYTES).fill(value);
const readAll = (buffer: VoiceBuffer): number[] => {
  const values: number[] = [];
  for (let read = buffer.read(); read; read = buffer.read()) values.push(read[0] ?? -1);
  return values;
};

test('playing starts when two frames are there, so that a late one leaves no hole', () => {
  const buffer = new VoiceBuffer();
  buffer.write(frame(1));
  assert.equal(buffer.read(), undefined);
  buffer.write(frame(2));
  assert.deepEqual(readAll(buffer), [1, 2]);
});

test('a lone last frame is heard one beat later', () => {
  const buffer = new VoiceBuffer();
  buffer.write(frame(1));
  assert.equal(buffer.read(), undefined);
  assert.deepEqual(buffer.read(), frame(1));
});

test('chunks of any length are cut into frames', () => {
  const buffer = new VoiceBuffer();
  const voice = Buffer.concat([frame(1), frame(2), frame(3)]);
  for (let at = 0; at < voice.length; at += 100) buffer.write(voice.subarray(at, at + 100));
  assert.deepEqual(readAll(buffer), [1, 2, 3]);
});

test('what a stall has piled up is caught up with in digital silence, never in speech', () => {
  const buffer = new VoiceBuffer();
  for (const value of [1, 2, 0, 0, 0, 0, 0, 0, 3, 4]) buffer.write(frame(value));
  assert.deepEqual(readAll(buffer), [1, 2, 0, 3, 4]);
});

test('beyond ten seconds the oldest audio is dropped', () => {
  const buffer = new VoiceBuffer();
  for (let count = 0; count < 510; count++) buffer.write(frame((count % 200) + 1));
  assert.equal(buffer.droppedFrames, 10);
  assert.equal(readAll(buffer)[0], 11);
});
