import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecognitionAudio } from './recognition-audio.ts';

const piece = (value: number) => new Uint8Array([value]);

test('what was written before anybody took it comes first, and then each piece as it is written', () => {
  const audio = new RecognitionAudio();
  const taken: number[] = [];
  audio.write(piece(1));
  audio.write(piece(2));
  void audio.pour((pcm) => taken.push(pcm[0] ?? 0) > 0);
  assert.deepEqual(taken, [1, 2]);
  audio.write(piece(3));
  assert.deepEqual(taken, [1, 2, 3]);
});

test('a piece that was refused is the first for the next to take it', async () => {
  const audio = new RecognitionAudio();
  const first: number[] = [];
  const second: number[] = [];
  const poured = audio.pour((pcm) => first.length < 1 && first.push(pcm[0] ?? 0) > 0);
  for (const value of [1, 2, 3]) audio.write(piece(value));
  await poured;
  await audio.pour((pcm) => second.length < 1 && second.push(pcm[0] ?? 0) > 0);
  assert.deepEqual([first, second], [[1], [2]]);
  void audio.pour((pcm) => second.push(pcm[0] ?? 0) > 0);
  assert.deepEqual(second, [2, 3]);
});

test('after it is closed nothing is taken, and who waited for more waits no longer', async () => {
  const audio = new RecognitionAudio();
  const taken: Uint8Array[] = [];
  const poured = audio.pour((pcm) => taken.push(pcm) > 0);
  audio.close();
  audio.close();
  await poured;
  audio.write(piece(1));
  void audio.pour((pcm) => taken.push(pcm) > 0);
  assert.deepEqual(taken, []);
});
