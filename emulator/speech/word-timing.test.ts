import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPhones, splitAtPauses } from './phones.ts';
import { timeWords } from './word-timing.ts';

const phone = fc.constantFrom('pau', 'ax', 's', 't', 'iy');

test('words that sound as expected have exactly the borders of their sounds', () => {
  const spoken = readPhones('pau:0.2 dh:0.25 ax:0.3 k:0.4 ae:0.5 t:0.6 pau:0.7 s:0.8 ae:0.9 t:1.0 pau:1.1', 1100);
  assert.deepEqual(
    timeWords(
      [
        ['dh', 'ax'],
        ['k', 'ae', 't'],
        ['s', 'ae', 't'],
      ],
      spoken,
    ),
    [
      { startMs: 200, endMs: 300 },
      { startMs: 300, endMs: 600 },
      { startMs: 700, endMs: 1000 },
    ],
  );
});

test('a word that sounds different in context keeps its neighbours in place', () => {
  const spoken = readPhones('pau:0.1 ax:0.2 k:0.3 ae:0.4 t:0.5', 500);
  assert.deepEqual(timeWords([['ey'], ['k', 'ae', 't']], spoken), [
    { startMs: 100, endMs: 200 },
    { startMs: 200, endMs: 500 },
  ]);
});

test('whatever was expected and whatever was spoken, words have spans in order within the audio', () => {
  fc.assert(
    fc.property(fc.array(fc.array(phone, { maxLength: 5 })), fc.array(phone, { maxLength: 30 }), (words, names) => {
      const spoken = names.map((name, index) => ({ name, endMs: (index + 1) * 50 }));
      const spans = timeWords(words, spoken);
      assert.equal(spans.length, words.length);
      let reachedMs = 0;
      for (const { startMs, endMs } of spans) {
        assert.ok(startMs >= reachedMs && endMs >= startMs && endMs <= names.length * 50);
        reachedMs = endMs;
      }
    }),
  );
});

test('times of a second utterance go on after the first, and all are scaled to the audio', () => {
  assert.deepEqual(readPhones('a:0.5 b:1.0 \nc:1.0 \n', 1000), [
    { name: 'a', endMs: 250 },
    { name: 'b', endMs: 500 },
    { name: 'c', endMs: 1000 },
  ]);
});

test('sounds between pauses are groups', () => {
  assert.deepEqual(splitAtPauses('pau w ah t pau ih z pau pau \n'), [
    ['w', 'ah', 't'],
    ['ih', 'z'],
  ]);
});
