import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recogniserScript } from './recogniser-script.ts';
import type { Scene, Utterance } from './scene.ts';

const turn: Utterance = {
  kind: 'turn',
  text: 'My number is, um, four two.',
  words: [
    { text: 'My', startMs: 1000, endMs: 1200 },
    { text: 'number', startMs: 1200, endMs: 1600 },
    { text: 'four', startMs: 2400, endMs: 2700 },
    { text: 'two.', startMs: 2700, endMs: 3000 },
  ],
  startMs: 1000,
  endMs: 3000,
  pauses: [{ startMs: 1600, endMs: 2400 }],
};
const scene: Scene = {
  id: 'hesitation/filler/slt/0',
  set: 'hesitation',
  condition: 'filler',
  voice: 'slt',
  recorded: false,
  audio: new Int16Array(0),
  during: 'agent-listening',
  utterances: [turn],
  noises: [{ kind: 'cough', startMs: 200, endMs: 500 }],
};
const said = (events: ReturnType<typeof recogniserScript>) =>
  events.map(({ atMs, type, text }) => `${atMs} ${type} ${text}`.trim());

test('each word is in a partial a moment after it ends, and a silence ends the phrase', () => {
  assert.deepEqual(said(recogniserScript({ ...scene, noises: [] })), [
    '1450 partial my',
    '1850 partial my number',
    '2300 final my number',
    '2950 partial four',
    '3250 partial four two',
    '3700 final four two',
  ]);
});

test('a pause that is shorter than the recogniser’s own does not part a phrase', () => {
  const short = { ...turn, pauses: [{ startMs: 1600, endMs: 2000 }] };
  const events = recogniserScript({ ...scene, noises: [], utterances: [short] });
  assert.deepEqual(said(events).at(-1), '3700 final my number four two');
  assert.ok(events.every(({ offsetMs }) => offsetMs === 1000));
});

test('a single noise is called wordless, unless the caller speaks over it', () => {
  assert.equal(said(recogniserScript(scene))[0], '1200 no-words');
  const during = [{ kind: 'cough', startMs: 1100, endMs: 1300 }] as const;
  assert.ok(recogniserScript({ ...scene, noises: during }).every(({ type }) => type !== 'no-words'));
});
