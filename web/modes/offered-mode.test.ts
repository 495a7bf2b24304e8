import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersIn, modesIn, rateOf, titleOf } from './offered-mode.ts';

const MODES = [
  { name: 'media', title: 'Recogniser, model and voice', default: true, answers: true, audioRate: 16_000 },
  { name: 'voice_live', title: 'Speech to speech', default: false, answers: true, audioRate: 24_000 },
  { name: 'transcription', title: 'Transcription', default: false, answers: false, audioRate: 16_000 },
];

test('the modes that the server offers are read, and what is none of them is left out', () => {
  const offered = MODES.map(({ audioRate, ...mode }) => ({ ...mode, audio_rate: audioRate }));
  assert.deepEqual(modesIn({ modes: [...offered, { name: 'plain' }, null, 5, { title: 'nameless' }] }), [
    ...MODES,
    { name: 'plain', title: 'plain', default: false, answers: true, audioRate: 16_000 },
  ]);
  for (const odd of [undefined, null, 5, {}, { modes: 'all' }]) assert.deepEqual(modesIn(odd), []);
});

test('the voice is asked for at the rate of the mode that is chosen, or of the usual one', () => {
  assert.equal(rateOf(MODES, undefined), 16_000);
  assert.equal(rateOf(MODES, 'voice_live'), 24_000);
  assert.equal(rateOf([], 'voice_live'), 16_000);
});

test('whether somebody answers is what the server says of the mode (transcription looks like a conversation)', () => {
  assert.equal(answersIn(MODES, undefined), true);
  assert.equal(answersIn(MODES, 'transcription'), false);
  assert.equal(answersIn(MODES, 'mode-of-a-newer-release'), true);
});

test('a mode is shown by its title, but not where there is only one', () => {
  assert.equal(titleOf(MODES, 'voice_live'), 'Speech to speech');
  assert.equal(titleOf(MODES, 'parrot'), 'parrot');
  assert.equal(titleOf(MODES.slice(0, 1), 'media'), undefined);
});
