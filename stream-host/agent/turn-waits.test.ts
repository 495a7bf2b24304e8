import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { modelSilent } from './model-errors.ts';
import { TurnAborted, TurnWaits } from './turn-waits.ts';

test('two who wait side by side spend the turn’s time once, and one of them can be sent away alone', async () => {
  const clock = new VirtualClock();
  const waits = new TurnWaits(clock, new AbortController().signal, 1_000);
  const passes = (ms: number) => new Promise<string>((resolve) => clock.after(ms, () => resolve('done')));
  const left = new AbortController();
  const first = waits.until(left.signal).for(passes(9_000), 900, modelSilent);
  const second = waits.until(new AbortController().signal).for(passes(600), 900, modelSilent);
  await clock.advance(300);
  left.abort();
  await assert.rejects(first, TurnAborted);
  await clock.advance(300);
  assert.equal(await second, 'done');

  const third = waits.for(passes(300), 900, modelSilent);
  await clock.advance(300);
  assert.equal(await third, 'done');
  const overran = assert.rejects(waits.for(passes(9_000), 900, modelSilent), { code: 'model.overran' });
  await clock.advance(100);
  await overran;
});
