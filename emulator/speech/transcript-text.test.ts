import assert from 'node:assert/strict';
import { test } from 'node:test';
import { believableText, toHypothesis } from './transcript-text.ts';

const heard = { text: 'Thank you.', confidence: 0.9, voicedMs: 600, rms: 0.05 };

test('clear words are believed', () => {
  assert.equal(believableText({ ...heard, text: ' Thank  you. ' }), 'Thank you.');
  assert.equal(believableText({ ...heard, text: 'No.', voicedMs: 200 }), 'No.');
});

test('words for a click, a whisper of noise or nothing at all are not believed', () => {
  assert.equal(believableText({ ...heard, voicedMs: 96 }), undefined);
  assert.equal(believableText({ ...heard, rms: 0.001 }), undefined);
  assert.equal(believableText({ ...heard, confidence: 0.1 }), undefined);
  assert.equal(believableText({ ...heard, text: '…' }), undefined);
  assert.equal(
    believableText({ ...heard, text: 'far too many words for a fifth of a second', voicedMs: 200 }),
    undefined,
  );
});

test('quotation marks around what is said, or before it, are none of it', () => {
  assert.equal(believableText({ ...heard, text: `"'Thank you.'"` }), 'Thank you.');
  assert.equal(believableText({ ...heard, text: `"'It's the drivers.` }), "It's the drivers.");
  assert.equal(toHypothesis(`"'It's me`), "it's me");
});

test('a model that goes round in circles is cut short', () => {
  const text = 'I think so, so, so, so, so, so, so, so';
  assert.equal(believableText({ ...heard, text, voicedMs: 2000 }), 'I think so, so, so,');
  const refrain = `Yes ${'and then '.repeat(20)}`;
  assert.equal(believableText({ ...heard, text: refrain, voicedMs: 5000 }), 'Yes and then and then and then');
  assert.equal(believableText({ ...heard, text: 'five five five five' }), 'five five five five');
});

test('a partial has small letters and no punctuation but that of words and numbers', () => {
  assert.equal(toHypothesis("What's the total? $5.20, at 10:30!"), "what's the total $5.20 at 10:30");
  assert.equal(toHypothesis('Well-known: 1,042.'), 'well-known 1,042');
});
