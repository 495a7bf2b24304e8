import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitOpening, splitSentences, toSpoken } from './spoken-text.ts';

const prose = fc.string({
  unit: fc.oneof(fc.constantFrom('. ', 'a', ' ', 'Dr. ', ', ', '—', '1', '’', 'é', '😀'), fc.string()),
});

test('sentences put together are the text again', () => {
  fc.assert(fc.property(prose, (text) => assert.equal(splitSentences(text).join(''), text)));
  assert.deepEqual(splitSentences('Dr. Smith is in. Come!'), ['Dr. Smith is in. ', 'Come!']);
});

test('the first words of a long sentence can be spoken before the rest is made', () => {
  fc.assert(fc.property(prose, (text) => assert.equal(splitOpening(text).join(''), text)));
  const hours = 'Our staff are here from Monday to Friday, eight in the morning to eight in the evening.';
  assert.deepEqual(splitOpening(hours)[0], 'Our staff are here from Monday to Friday,');
  for (const short of [
    'Hello, this is Parley.',
    'A sentence of many words that never once breathes on its long way to the end.',
  ]) {
    assert.deepEqual(splitOpening(short), [short]);
  }
});

test('a sentence without end is cut where it breathes', () => {
  const sentences = splitSentences(`${'and so on '.repeat(15)}, ${'and so on '.repeat(40)}`);
  assert.ok(sentences.length > 1 && sentences.every(({ length }) => length <= 240));
  assert.match(sentences[0] ?? '', /,$/);
});

test('words are slices of the text, in order, and Flite is given nothing but ASCII', () => {
  fc.assert(
    fc.property(prose, (text) => {
      const { words, spoken } = toSpoken(text);
      let at = 0;
      for (const word of words) {
        const found = text.indexOf(word.text, at);
        assert.ok(found >= 0, `${JSON.stringify(word.text)} after ${at}`);
        at = found + word.text.length;
        assert.match(word.spoken, /^[\x20-\x7e]+$/);
      }
      assert.match(spoken, /^[\x20-\x7e]*$/);
    }),
  );
});

test('typography is read as what it means', () => {
  const { words, spoken } = toSpoken('“Café” costs £5 — it’s 20°, naïve…');
  assert.deepEqual(
    words.map(({ text }) => text),
    ['Café', 'costs', '£5', 'it’s', '20°', 'naïve'],
  );
  assert.equal(spoken, '"Cafe" costs 5 pounds it\'s 20 degrees, naive');
});
