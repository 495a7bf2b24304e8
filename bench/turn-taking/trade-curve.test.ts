import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TURN_POLICY, turnPolicy } from '../../stream-host/conversation/turns/turn-policy.ts';
import { buildScenes } from '../corpus/corpus.ts';
import { plainFixedDelay } from './policies.ts';
import { FIXED_DELAYS_MS, HOLD_FACTORS, scaledHolds, tradeCurves } from './trade-curve.ts';

test('every policy of the curves is one that the engine takes, and the factor 1 is its own', () => {
  for (const factor of HOLD_FACTORS) turnPolicy(scaledHolds(factor));
  for (const delayMs of FIXED_DELAYS_MS) turnPolicy(plainFixedDelay(delayMs));
  assert.deepEqual(turnPolicy(scaledHolds(1)), turnPolicy());
  assert.equal(scaledHolds(0.4).endpointing?.minHoldMs, DEFAULT_TURN_POLICY.onset.pauseMs);
});

test('a longer wait is a longer wait, and cuts off fewer callers', async () => {
  const scenes = await buildScenes({ seed: 5, sets: ['hesitation'], perCondition: 1, recordingsFolder: import.meta.dirname }); // biome-ignore format: one call
  const delays = { firstTokenMs: 200, firstAudioMs: 100 };
  const { signal } = new AbortController();
  const some = { factors: [0.4, 3], fixedDelaysMs: [200, 1500] };
  const { scaled, fixed } = await tradeCurves(scenes, { delays, signal, ...some });
  assert.deepEqual(scaled.map(({ setting }) => setting), some.factors); // biome-ignore format: one call
  for (const curve of [scaled, fixed]) {
    const [first, last] = [curve[0], curve.at(-1)];
    assert.ok(first && last && last.meanMs > first.meanMs + 200, `${first?.meanMs} to ${last?.meanMs} ms`);
    const cutOffs = curve.map((point) => point.cutOffs.filter((cutOff) => cutOff).length);
    assert.ok((cutOffs.at(-1) ?? 9) < (cutOffs[0] ?? 0), cutOffs.join());
    assert.ok(curve.every((point) => point.cutOffs.length === scenes.length));
  }
});
