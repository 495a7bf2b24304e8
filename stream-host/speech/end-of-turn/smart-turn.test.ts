import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SmartTurn } from './smart-turn.ts';
import { type TinyModel, tinyAnswer, vowel, writeTinyModel } from './testing/tiny-model.ts';

let tiny: TinyModel;
before(async () => {
  tiny = await writeTinyModel();
});
after(() => tiny.remove());

test('the model hears the features of the audio, and its answer is the probability', async () => {
  const model = await SmartTurn.load(tiny.path, 'wasm');
  assert.equal(model.runtime, 'wasm');
  for (const samples of [vowel(700), new Int16Array(0), vowel(9_000)]) {
    const likely = await model.judge(samples);
    assert.ok(Math.abs(likely - tinyAnswer(samples)) < 1e-4, `${likely}, not ${tinyAnswer(samples)}`);
  }
  await model.close();
});

test('whichever runtime there is gives the same answer', async () => {
  const model = await SmartTurn.load(tiny.path);
  const likely = await model.judge(vowel(700));
  assert.ok(Math.abs(likely - tinyAnswer(vowel(700))) < 1e-4, `${likely} by ${model.runtime}`);
  await model.close();
});

test('a model with another interface is refused with its inputs named', async () => {
  const other = await writeTinyModel({ input: 'waveform' });
  await assert.rejects(SmartTurn.load(other.path, 'wasm'), /takes waveform, not input_features/);
  await other.remove();
});

test('an answer that is no probability is an error', async () => {
  const broken = await writeTinyModel({ offset: 1_000 });
  const model = await SmartTurn.load(broken.path, 'wasm');
  await assert.rejects(model.judge(vowel(500)), /no probability/);
  await model.close();
  await broken.remove();
});
