import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { WorkRounds } from './work-rounds.ts';

test('many hosts share the rounds: each looks more seldom, and what is due at once is not waited for (scale)', async () => {
  const clock = new VirtualClock();
  const rounds: number[] = [];
  let waitMs: number | undefined;
  const round = async () => {
    rounds.push(clock.now());
    return waitMs;
  };
  const work = new WorkRounds({ round }, clock, undefined, () => 50);
  work.start();
  await clock.advance(4_000);
  assert.deepEqual(rounds, [0, 2_000, 4_000]);
  waitMs = 30;
  await clock.advance(2_030);
  assert.deepEqual(rounds.slice(3), [6_000, 6_030]);
  work.close();
});

test('a host looks for work five times a second, sooner where some is due, and no more once it is closed', async () => {
  const clock = new VirtualClock();
  const rounds: number[] = [];
  let waitMs: number | undefined;
  const round = async () => {
    rounds.push(clock.now());
    return waitMs;
  };
  const work = new WorkRounds({ round }, clock);
  work.start();
  await clock.advance(400);
  assert.deepEqual(rounds, [0, 200, 400]);
  waitMs = 50;
  await clock.advance(250);
  assert.deepEqual(rounds, [0, 200, 400, 600, 650]);
  waitMs = 0;
  await clock.advance(50);
  assert.deepEqual(rounds.slice(5), [700]);
  work.close();
  await clock.advance(1_000);
  assert.equal(rounds.length, 6);
});
