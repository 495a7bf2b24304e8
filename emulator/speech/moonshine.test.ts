import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { Flite } from './flite.ts';
import { Moonshine } from './moonshine.ts';

const WANTED = (): boolean => false;

test('a draft, right or wrong, changes how soon the words are there and not which', async () => {
  const [flite, moonshine] = await Promise.all([Flite.load(), Moonshine.load('tiny')]);
  const { samples } = flite.speak('Can you deliver it on Friday instead?', 'awb', 1);
  const audio = toFloat32(bytesOf(samples));
  const plain = await moonshine.transcribe(audio, WANTED);
  assert.match(plain?.text ?? '', /deliver it on Friday instead/);
  const tokens = plain?.tokens ?? [];
  const drafts = [tokens, tokens.slice(0, 4), [...tokens.slice(0, 4), 77, 78], [99], [...tokens, ...tokens]];
  for (const draft of drafts) assert.equal((await moonshine.transcribe(audio, WANTED, draft))?.text, plain?.text);
});

test('a decode that nobody wants is given up', async () => {
  const moonshine = await Moonshine.load('tiny');
  assert.equal(await moonshine.transcribe(new Float32Array(16_000), () => true), undefined);
});
