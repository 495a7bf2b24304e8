import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildScenes } from '../corpus/corpus.ts';
import type { Scene, SceneSet } from '../corpus/scene.ts';
import { Speaker } from '../corpus/speaker.ts';
import { AgentSpeech } from './agent.ts';
import { Detector } from './detector.ts';
import { plainFixedDelay } from './policies.ts';
import { scoreScenes } from './score-scenes.ts';
import { spreadOf, summarise } from './summary.ts';

const sets: SceneSet[] = ['interruption', 'noise', 'hesitation', 'echo', 'echo-interruption'];
const scenes = await buildScenes({ seed: 3, sets, perCondition: 1, recordingsFolder: import.meta.dirname });
const kept = { detector: await Detector.load(), speech: new AgentSpeech(await Speaker.load()) };
after(() => kept.detector.close());

const of = (set: SceneSet, ...conditions: string[]): Scene[] =>
  scenes.filter((scene) => scene.set === set && conditions.includes(scene.condition));
const plain = { policy: plainFixedDelay(500), ...kept };

test('a caller who cuts in silences the agent, and is then answered', async () => {
  for (const outcome of await scoreScenes(of('interruption', 'clean', 'white-20dB'), plain)) {
    assert.ok(outcome.stopMs !== undefined && outcome.stopMs > 40 && outcome.stopMs < 500, `${outcome.stopMs} ms`);
    assert.equal(outcome.missed, false);
    assert.equal(outcome.talkedOverMs, outcome.stopMs);
    assert.equal(outcome.falseStops.length, 0);
    assert.equal(outcome.cutOff, false);
    assert.ok(outcome.responseMs !== undefined && outcome.responseMs > 500);
    assert.deepEqual([outcome.lostWords, outcome.extraWords], [0, 0]);
  }
});

test('a longer onset makes for later stops, and a longer hold for later answers: the scores follow the policy', async () => {
  const some = of('interruption', 'clean', 'phone', 'hum');
  const slow = plainFixedDelay(900);
  const onset = { ...slow.onset, onsetMs: 256, doubtfulOnsetMs: 256 };
  const quick = summarise(await scoreScenes(some, plain)).at(-1);
  const late = summarise(await scoreScenes(some, { ...kept, policy: { ...slow, onset } })).at(-1);
  assert.ok(quick?.stopMs && late?.stopMs && quick.endOfTurnMs && late.endOfTurnMs);
  assert.ok(late.stopMs.p50 > quick.stopMs.p50 + 80, `${quick.stopMs.p50} and ${late.stopMs.p50} ms`);
  const [soon, later] = [quick.endOfTurnMs.p50, late.endOfTurnMs.p50];
  assert.ok(later > soon + 250, `${soon} and ${later} ms`);
});

test('a hold that is shorter than the pauses of hesitating callers cuts them off', async () => {
  const kinds = of('hesitation', 'filler', 'trailing', 'digits', 'restart', 'thinking');
  const cutOffs = async (holdMs: number) => {
    const outcomes = await scoreScenes(kinds, { ...kept, policy: plainFixedDelay(holdMs), delays: NO_DELAYS });
    return outcomes.filter(({ cutOff }) => cutOff).length;
  };
  assert.ok((await cutOffs(200)) >= 4);
  assert.equal(await cutOffs(1700), 0);
});
const NO_DELAYS = { firstTokenMs: 0, firstAudioMs: 0 };

test('a quiet line stops nobody, and an echo that nobody guards against stops the agent', async () => {
  const quiet = await scoreScenes(of('noise', 'clean', 'hum'), plain);
  assert.deepEqual(
    quiet.flatMap(({ stops }) => stops),
    [],
  );
  const echoed = await scoreScenes(of('echo', '-10dB/150ms'), plain);
  assert.ok(echoed.every(({ falseStops }) => falseStops.length > 0));
});

test('a stop that resumes is told with its gap and with what was lost or repeated', async () => {
  // Easily misled on purpose, but ready to go on.
  const onset = { onsetMs: 32, doubtfulOnsetMs: 32, doubtMs: 0, echoGuard: false };
  const misleading = [...of('noise', 'babble-10dB', 'coughs'), ...of('echo', '-30dB/60ms')];
  const outcomes = await scoreScenes(misleading, { ...kept, policy: { onset, interruption: { tentative: true } } });
  const resumed = outcomes.flatMap(({ falseStops }) => falseStops.flatMap((stop) => stop.resumed ?? []));
  assert.ok(resumed.length > 0);
  for (const { gapMs, lostMs, repeatedMs } of resumed) {
    assert.ok(gapMs > 0);
    assert.ok(lostMs < 1 && repeatedMs <= 20, `${lostMs} ms lost, ${repeatedMs} ms repeated`);
  }
});

test('the same scenes give the same outcomes, alone or among others', async () => {
  const some = [...of('echo-interruption', '-20dB/60ms'), ...of('interruption', 'clean')];
  const [first] = await scoreScenes(some.slice(0, 1), plain);
  const [again] = await scoreScenes(some, plain);
  assert.ok(first);
  assert.deepEqual(again, first);
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 20 }, (_, i) => i + 1);
  assert.deepEqual(spreadOf(values), { n: 20, mean: 10.5, p50: 10, p95: 19, max: 20 });
});
