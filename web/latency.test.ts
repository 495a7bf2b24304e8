import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latencyStages } from './latency.ts';

test('each stage takes the part of the bar that it took of a second and a half', () => {
  const stages = latencyStages({ recognisedMs: 300, firstTokenMs: 450, firstAudioMs: 600 });
  assert.deepEqual(
    stages.map(({ atMs, share }) => [atMs, share]),
    [
      [300, 0.2],
      [450, 0.1],
      [600, 0.1],
    ],
  );
});

test('a slow answer fills the bar and no more, and no stage is negative', () => {
  const stages = latencyStages({ recognisedMs: 500, firstTokenMs: 400, firstAudioMs: 4000 });
  assert.ok(stages.every(({ share }) => share >= 0));
  assert.ok(stages.reduce((sum, { share }) => sum + share, 0) <= 1);
});
