import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { LineAudio } from './line-audio.ts';

const HZ = 16_000;
const FRAME = HZ / 50;

/** One sample value, so that what stands where can be told. */
const frame = (value: number, frames = 1, hz = HZ): Uint8Array =>
  bytesOf(new Int16Array((frames * hz) / 50).fill(value));

function rig() {
  const clock = new VirtualClock();
  const pieces: Uint8Array[] = [];
  const audio = new LineAudio({
    clock,
    rateHz: HZ,
    onAudio: (pcm) => pieces.push(pcm),
    onSilence: (bytes) => pieces.push(new Uint8Array(bytes)),
  });
  /** The values on a channel, one for each 20 ms: that in its middle. */
  const channel = (which: 0 | 1): number[] => {
    const samples = samplesOf(Buffer.concat(pieces));
    const frames = Math.floor(samples.length / 2 / FRAME);
    return Array.from({ length: frames }, (_, at) => samples[2 * (at * FRAME + FRAME / 2) + which] ?? 0);
  };
  return { clock, audio, caller: () => channel(0), agent: () => channel(1) };
}

/** Runs of one value, as `[value, frames]`. */
function runs(values: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.[0] === value) last[1] += 1;
    else found.push([value, 1]);
  }
  return found;
}

test('caller and agent stand on two channels, each where it was heard', async () => {
  const { clock, audio, caller, agent } = rig();
  for (let at = 0; at < 200; at++) {
    await clock.advance(20);
    audio.heard(frame(at < 100 ? 100 : 0), undefined);
    if (at === 99) audio.sent(frame(7, 20), true);
  }
  audio.close();
  assert.deepEqual(runs(caller()), [
    [100, 100],
    [0, 100],
  ]);
  assert.deepEqual(runs(agent()), [
    [0, 100],
    [7, 20],
    [0, 80],
  ]);
});

test('the agent is heard at the pace of time, however far ahead it is sent', async () => {
  const { clock, audio, agent } = rig();
  audio.sent(frame(1, 10), true);
  audio.sent(frame(2, 10), true);
  await clock.advance(100);
  audio.sent(frame(3, 5), true);
  await clock.advance(900);
  audio.close();
  assert.deepEqual(runs(agent()), [
    [1, 10],
    [2, 10],
    [3, 5],
    [0, 25],
  ]);
});

test('what the far side was told to drop was not heard, and is not in it', async () => {
  const { clock, audio, agent } = rig();
  audio.sent(frame(1, 20), true);
  await clock.advance(100);
  audio.stopped();
  await clock.advance(100);
  audio.sent(frame(2, 5), true);
  await clock.advance(300);
  audio.close();
  assert.deepEqual(runs(agent()), [
    [1, 5],
    [0, 5],
    [2, 5],
    [0, 10],
  ]);
});

test('what the line did not take is silence, and its time goes by', async () => {
  const { clock, audio, agent } = rig();
  audio.sent(frame(1, 5), true);
  audio.sent(frame(2, 5), false);
  audio.sent(frame(3, 5), true);
  await clock.advance(300);
  audio.close();
  assert.deepEqual(runs(agent()), [
    [1, 5],
    [0, 5],
    [3, 5],
  ]);
});

test('what is still to be heard when the line ends was not heard', async () => {
  const { clock, audio, agent } = rig();
  audio.sent(frame(1, 50), true);
  await clock.advance(200);
  audio.close();
  assert.deepEqual(runs(agent()), [[1, 10]]);
});

test('a caller of whom nothing comes is silent for so long, and jitter is no silence', async () => {
  const { clock, audio, caller } = rig();
  await clock.advance(20);
  audio.heard(frame(1), undefined);
  // Late by 60 ms, and then three at once.
  await clock.advance(80);
  for (const value of [2, 3, 4]) audio.heard(frame(value), undefined);
  await clock.advance(1_000);
  audio.heard(frame(5), undefined);
  await clock.advance(20);
  audio.close();
  assert.deepEqual(runs(caller()), [
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [0, 50],
    [5, 1],
    [0, 1],
  ]);
});

test('a process that stood still for two seconds keeps what the caller said meanwhile in its place', async () => {
  const { clock, audio, caller } = rig();
  for (let at = 0; at < 50; at++) {
    await clock.advance(20);
    audio.heard(frame(1), undefined);
  }
  await clock.advance(2_000);
  for (let at = 0; at < 100; at++) audio.heard(frame(2), undefined);
  for (let at = 0; at < 50; at++) {
    await clock.advance(20);
    audio.heard(frame(3), undefined);
  }
  audio.close();
  assert.deepEqual(runs(caller()), [
    [1, 50],
    [2, 100],
    [3, 50],
  ]);
});

test('two participants who are told apart are heard at once', async () => {
  const { clock, audio, caller } = rig();
  for (let at = 0; at < 100; at++) {
    await clock.advance(20);
    audio.heard(frame(100), 'a');
    if (at >= 50) audio.heard(frame(11), 'b');
  }
  audio.close();
  assert.deepEqual(runs(caller()), [
    [100, 50],
    [111, 50],
  ]);
});

test('an hour without a sound costs no memory, and the next word has its place', async () => {
  const { clock, audio, caller } = rig();
  await clock.advance(60_000);
  audio.heard(frame(9), undefined);
  await clock.advance(1_000);
  audio.close();
  const values = caller();
  assert.equal(values.length, 61_000 / 20);
  assert.equal(values.indexOf(9), 60_000 / 20 - 1);
});

test('a line that changes its rate stays in time and at its pitch', async () => {
  const { clock, audio, agent, caller } = rig();
  audio.sent(frame(1000, 25), true);
  await clock.advance(500);
  audio.rateIs(24_000);
  audio.sent(frame(500, 25, 24_000), true);
  for (let at = 0; at < 25; at++) {
    await clock.advance(20);
    audio.heard(frame(300, 1, 24_000), undefined);
  }
  audio.close();
  assert.deepEqual([agent()[12], agent().at(-5)], [1000, 500]);
  assert.equal(caller().at(-5), 300);
  assert.equal(agent().length, 50);
});
