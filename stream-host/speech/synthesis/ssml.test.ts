import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ssmlFor, WordFinder } from './ssml.ts';

test('the voice names the language', () => {
  assert.match(ssmlFor('Hallo', 'de-DE-KatjaNeural'), /xml:lang="de-DE"><voice name="de-DE-KatjaNeural">Hallo</);
  assert.match(ssmlFor('Hello', 'slt'), /xml:lang="en-US"/);
});

test('whatever the text is, the markup stays two elements, and no text breaks the frame that carries it', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('</voice>', '<break time="9s"/>', '&lt;', '\0', '\uD800'),
  );
  fc.assert(
    fc.property(nasty, nasty, (text, voice) => {
      const ssml = ssmlFor(text, voice);
      assert.equal(ssml.match(/</g)?.length, 4);
      assert.ok(ssml.isWellFormed());
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to carry them
      assert.doesNotMatch(ssml, /[\u0000-\u0008\u000B\u000C\u000E-\u001F]|&(?!amp;|lt;|gt;|quot;|apos;)/);
    }),
  );
});

test('reported words are found in the text, each once, with the punctuation that follows', () => {
  const finder = new WordFinder('Well, well: "AT&T" is at 5 < 6!');
  const found = ['Well', 'well', 'AT&amp;T', 'is', 'at', '5', '6'].map((word) => finder.find(word));
  assert.deepEqual(found, ['Well,', 'well:', 'AT&T"', 'is', 'at', '5', '6!']);
});

test('a word that is not in the text is passed on, and the next one is still found', () => {
  const finder = new WordFinder('Order 1042 is here');
  assert.deepEqual(
    ['Order', 'ten', 'forty', 'is', 'here'].map((word) => finder.find(word)),
    ['Order', 'ten', 'forty', 'is', 'here'],
  );
});
