import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../shared/testing/eventually.ts';
import { Random } from '../random.ts';
import { parleyCommand } from '../subjects/field.ts';
import { monotonicMs } from '../time.ts';
import { Driver } from './driver.ts';
import type { SessionSettings } from './protocol.ts';
import { LONG_ANSWER, SHORT_ANSWER, sharpUtterance } from './spoken.ts';

const SETTINGS: SessionSettings = {
  ...{ greeting: LONG_ANSWER, answer: SHORT_ANSWER, policy: {} },
  ...{ llm: { firstTokenMs: 20, tokenMs: 0 }, tts: { firstAudioMs: 20 } },
};
const PATIENCE_MS = 30_000;
const { signal } = new AbortController();
/** What the agent sounds like is all the same here: as long as its text is, at fifteen characters a second. */
const random = new Random('voice');
const length = LONG_ANSWER.length * 1067;
const voice = { text: LONG_ANSWER, samples: Int16Array.from({ length }, () => random.whole(-2000, 2000)) };

test('a caller who cuts in stops Parley and is answered by another turn', async () => {
  await Driver.use(parleyCommand(), signal, cutIn, voice);
});

async function cutIn(driver: Driver): Promise<void> {
  const call = await driver.open(SETTINGS);
  assert.ok(await driver.untilAudible(call, PATIENCE_MS), 'the agent speaks first');
  assert.equal(call.farEnd.turn, 1);
  const { playback } = (await sharpUtterance(200, 500))();
  await call.play(playback, monotonicMs());
  const next = () => call.farEnd.runs.find(({ turn }) => turn > 1);
  await eventually(() => next() !== undefined);
  // On a slow machine nothing may be left to drop when the stop comes.
  assert.ok(call.farEnd.stops.every(({ turn }) => turn === 1));
  const [greeting] = call.farEnd.runs;
  const saidMs = (next()?.startMs ?? Infinity) - (greeting?.startMs ?? 0);
  assert.ok(saidMs < length / 16, 'the greeting is not said to its end');
  assert.ok(call.asked.some(({ text }) => text.includes('the other order')));
  assert.deepEqual(call.faults, []);
  const usage = await driver.usage(true);
  assert.ok(usage.cpuUs > 0 && usage.rssBytes > 1e6);
  await driver.end(call);
}

test('a subject that cannot start is told of with its own words', async () => {
  const command = { name: 'broken', args: ['-e', 'throw new Error("no model here")'] };
  await assert.rejects(
    Driver.use(command, signal, () => assert.fail('it started'), voice),
    /broken did not start: broken has ended: exit code 1\n.*no model here/s,
  );
});
