import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latencyStages } from './latency.ts';

const stagesOf = (
  wordsMs: number,
  turnOverMs: number,
  firstTokenMs: number,
  firstVoiceMs: number,
  firstSoundMs: number,
) => latencyStages({ wordsMs, turnOverMs, firstTokenMs, firstVoiceMs, firstSoundMs });

test('each stage begins where the one before it ended, in parts of a second and a half', () => {
  assert.deepEqual(
    stagesOf(150, 300, 450, 600, 600).map(({ atMs, from, share }) => [atMs, from, share]),
    [
      [150, 0, 0.1],
      [300, 0.1, 0.1],
      [450, 0.2, 0.1],
      [600, 0.3, 0.1],
      [600, 0.4, 0],
    ],
  );
});

test('a slow answer fills the width and no more', () => {
  for (const { from, share } of stagesOf(500, 700, 900, 3900, 4000)) assert.ok(from >= 0 && from + share <= 1);
});

test('a stage that was early, as the answer was begun before the turn was over, is drawn where it was', () => {
  const [, over, token] = stagesOf(200, 600, 300, 700, 750);
  assert.deepEqual([over?.from, token?.from, token?.share], [200 / 1500, 300 / 1500, 0]);
});
