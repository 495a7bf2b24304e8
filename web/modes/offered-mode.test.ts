import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modesIn, titleOf } from './offered-mode.ts';

const MODES = [
  { name: 'media', title: 'Recogniser, model and voice', default: true },
  { name: 'voice_live', title: 'Speech to speech', default: false },
];

test('the modes that the server offers are read, and what is none of them is left out', () => {
  assert.deepEqual(modesIn({ modes: [...MODES, { name: 'plain' }, null, 5, { title: 'nameless' }] }), [
    ...MODES,
    { name: 'plain', title: 'plain', default: false },
  ]);
  for (const odd of [undefined, null, 5, {}, { modes: 'all' }]) assert.deepEqual(modesIn(odd), []);
});

test('a mode is shown by its title, but not where there is only one', () => {
  assert.equal(titleOf(MODES, 'voice_live'), 'Speech to speech');
  assert.equal(titleOf(MODES, 'parrot'), 'parrot');
  assert.equal(titleOf(MODES.slice(0, 1), 'media'), undefined);
});
