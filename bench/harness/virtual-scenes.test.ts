import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Flite } from '../../emulator/speech/flite.ts';
import {
  DEFAULT_TURN_POLICY,
  type TurnPolicyChanges,
  turnPolicy,
} from '../../stream-host/conversation/turns/turn-policy.ts';
import type { Scene, SceneSet } from '../corpus/scene.ts';
import { buildScenes } from '../corpus/sets.ts';
import { HOLD_FACTORS, scaledHolds } from '../rows/turn-trade.ts';
import { answerDelaysOf, falseStopsOf, interruptionOf, stopDelaysOf, turnEndOf } from './scenes.ts';
import { SHORT_ANSWER } from './spoken.ts';
import { virtualScenes } from './virtual-scenes.ts';

const sets = { interruption: 1, noise: 1, hesitation: 1, echo: 1 };
const HESITATIONS = ['filler', 'trailing', 'digits', 'restart', 'thinking'];
const conditions = [...HESITATIONS, 'clean', 'phone', 'white-20dB', 'hum', 'coughs', '-10dB/150ms', '-30dB/60ms'];
const wants = (condition: string) => conditions.includes(condition);
const scenes = await buildScenes({ seed: 3, sets, wants, recordingsFolder: import.meta.dirname });
const flite = await Flite.load();
const virtual = await virtualScenes({ text: SHORT_ANSWER, samples: flite.speak(SHORT_ANSWER, 'rms', 1).samples });
after(() => virtual.close());

const of = (set: SceneSet, ...conditions: string[]): Scene[] =>
  scenes.filter((scene) => scene.set === set && conditions.includes(scene.condition));
const play = (some: readonly Scene[], policy: object, firstTokenMs = 150) =>
  virtual.play(some, { policy: { ...policy }, llm: { firstTokenMs, tokenMs: 0 }, tts: { firstAudioMs: 100 } });

/**
 * The plainest turn-taking that this engine can do: any onset stops the agent for good, and a turn is over after a pause
 * of one fixed length, whatever was said and however it sounded. Its numbers do not move with the engine's defaults.
 */
function plainFixedDelay(holdMs: number): TurnPolicyChanges {
  return {
    onset: {
      ...{ speechProbability: 0.5, silenceProbability: 0.35, onsetMs: 96, doubtfulOnsetMs: 96 },
      ...{ pauseMs: Math.min(160, holdMs), doubtMs: 0, echoGuard: false },
    },
    interruption: { tentative: false, backchannels: false },
    endpointing: { minHoldMs: holdMs, holdMs, maxHoldMs: holdMs, judgement: 'off', adaptToCaller: false },
    drafts: { mode: 'off' },
  };
}

test('a caller who cuts in silences the agent, and is then answered', async () => {
  const runs = await play(of('interruption', 'clean', 'white-20dB'), plainFixedDelay(500));
  for (const run of runs) {
    const [delayMs = 0] = stopDelaysOf([run]);
    assert.ok(delayMs > 40 && delayMs < 500, `${delayMs} ms`);
    const { cutOff, answeredAfterMs = 0 } = turnEndOf(run);
    assert.ok(!cutOff && answeredAfterMs > 500, `${answeredAfterMs} ms`);
  }
});

test('a longer hold makes for later answers, and cuts off fewer of those who hesitate', async () => {
  const turns = of('hesitation', ...HESITATIONS);
  const [quick, slow] = [await play(turns, plainFixedDelay(200), 0), await play(turns, plainFixedDelay(1700), 0)];
  const cutOffs = (runs: typeof quick) => runs.filter((run) => turnEndOf(run).cutOff).length;
  assert.ok(cutOffs(quick) >= 4, String(cutOffs(quick)));
  assert.equal(cutOffs(slow), 0);
  assert.ok(answerDelaysOf(slow).every((delayMs) => delayMs > 1700));
});

test('a quiet line stops nobody, and an echo that nobody guards against stops the agent', async () => {
  const quiet = await play(of('noise', 'clean', 'hum'), plainFixedDelay(500));
  assert.deepEqual(quiet.flatMap(falseStopsOf), []);
  const echoed = await play(of('echo', '-10dB/150ms'), plainFixedDelay(500));
  assert.ok(echoed.every((run) => falseStopsOf(run).length > 0));
});

test('a stop that resumes is told with its gap and with what was lost or repeated', async () => {
  // Easily misled on purpose, but ready to go on.
  const onset = { onsetMs: 32, doubtfulOnsetMs: 32, doubtMs: 0, echoGuard: false };
  const misleading = [...of('noise', 'coughs'), ...of('echo', '-10dB/150ms', '-30dB/60ms')];
  const runs = await play(misleading, { onset, interruption: { tentative: true } });
  const resumed = runs.flatMap(falseStopsOf).flatMap((stop) => stop.resumed ?? []);
  assert.ok(resumed.some(({ lostMs }) => lostMs < 1));
  for (const { afterMs, lostMs } of resumed) {
    assert.ok(afterMs > 0);
    // Also where the voice let go and was stopped again at once: what was heard of it in between is not lost.
    assert.ok(lostMs <= 20 && lostMs >= -20, `${lostMs} ms lost`);
  }
});

test('the same scenes give the same outcomes, alone or among others', async () => {
  const some = of('interruption', 'clean', 'phone');
  const [first] = await play(some.slice(0, 1), {});
  const [again] = await play(some, {});
  assert.ok(first && interruptionOf(first) !== 'missed');
  assert.deepEqual(again, first);
});

test('every policy of the curve is one that the engine takes, and the factor 1 is its own', () => {
  for (const factor of HOLD_FACTORS) turnPolicy(scaledHolds(factor));
  assert.deepEqual(turnPolicy(scaledHolds(1)), turnPolicy());
  assert.equal(scaledHolds(0.4).endpointing?.minHoldMs, DEFAULT_TURN_POLICY.onset.pauseMs);
});
