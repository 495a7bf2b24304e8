import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../shared/testing/eventually.ts';
import { emptyCommand, parleyCommand } from '../subjects/commands.ts';
import { agentClip, LONG_ANSWER, SHORT_ANSWER } from './agent-clip.ts';
import { Driver } from './driver.ts';
import { monotonicMs, type SessionSettings } from './protocol.ts';
import type { VoiceClip } from './subject-process.ts';
import { sharpUtterance } from './talker.ts';

const SETTINGS: SessionSettings = {
  greeting: LONG_ANSWER,
  answer: SHORT_ANSWER,
  llm: { firstTokenMs: 20, tokenMs: 0 },
  tts: { firstAudioMs: 20 },
  policy: {},
};
const PATIENCE_MS = 10_000;
const { signal } = new AbortController();
let voice: VoiceClip;

before(async () => {
  voice = await agentClip();
});

test('a caller who cuts in stops Parley, and is answered by another turn', async () => {
  const driver = await Driver.start(parleyCommand(), voice, signal);
  after(() => driver.close());
  const call = await driver.open(SETTINGS);
  assert.ok(await driver.untilAudible(call, PATIENCE_MS), 'the agent speaks first');
  assert.equal(call.farEnd.turn, 1);
  const { playback } = await sharpUtterance(200, 500);
  await call.play(playback, monotonicMs());
  await eventually(() => call.farEnd.runs.some(({ turn }) => turn > 1));
  assert.equal(call.farEnd.stops[0]?.turn, 1);
  assert.ok(call.asked.some(({ text }) => text.includes('the other order')));
  assert.deepEqual(call.faults, []);
  await driver.end(call);
});

test('a command stops Parley, and no frame of the turn comes after it', async () => {
  const driver = await Driver.start(parleyCommand(), voice, signal);
  after(() => driver.close());
  const call = await driver.open(SETTINGS);
  assert.ok(await driver.untilAudible(call, PATIENCE_MS));
  call.interrupt();
  await eventually(() => call.farEnd.stops.length === 1);
  await sleep(200);
  assert.equal(call.farEnd.staleFrames, 0);
});

test('the empty subject sends a frame for each that it takes, and tells what it uses', async () => {
  const driver = await Driver.start(emptyCommand(), voice, signal);
  after(() => driver.close());
  const call = await driver.open(SETTINGS);
  await eventually(() => call.farEnd.frames >= 10);
  const usage = await driver.usage(true);
  assert.ok(usage.cpuUserUs > 0 && usage.rssBytes > 1e6);
});

test('a subject that cannot start is told of with its own words', async () => {
  const command = { name: 'broken', program: process.execPath, args: ['-e', 'throw new Error("no model here")', '--'] };
  await assert.rejects(Driver.start(command, voice, signal), /broken did not start: exit code 1\n.*no model here/s);
});
