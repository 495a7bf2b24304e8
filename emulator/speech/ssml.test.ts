import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ssmlFor } from '../../stream-host/speech/synthesis/ssml.ts';
import { parseSsml } from './ssml.ts';
import { UspError } from './usp.ts';

test('what the SDK makes of a text is that text again', () => {
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&apos;');
  fc.assert(
    fc.property(fc.string(), (text) => {
      const document = `<speak version='1.0'><voice name='en-US-AvaNeural'>${escaped(text)}</voice></speak>`;
      assert.deepEqual(parseSsml(document), { text, voice: 'en-US-AvaNeural' });
    }),
  );
});

test('what Parley makes of a text and a voice is these again', () => {
  const spoken = fc.string({ unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(spoken, spoken, (text, voice) => assert.deepEqual(parseSsml(ssmlFor(text, voice)), { text, voice })),
  );
});

test('a text may do without a voice; an element that would not be heeded is refused by its name', () => {
  assert.deepEqual(parseSsml('<speak>One &#x26; two</speak>'), { text: 'One & two', voice: '' });
  assert.throws(() => parseSsml("<speak>One<break time='250ms'/>two</speak>"), /<break> is not emulated/);
});

test('what is not well-formed is refused, whatever it is', () => {
  for (const document of [
    '',
    'x',
    '<speak>',
    '<speak></speak>x',
    '<a></a>',
    '<speak><a></speak>',
    '<speak></voice></speak>',
  ]) {
    assert.throws(() => parseSsml(document), UspError, document);
  }
  const parts = fc.constantFrom('<', '>', '/', 'speak', '"', "'", '=', ' ', 'voice', 'name', '&', '!', '--');
  fc.assert(
    fc.property(fc.string({ unit: parts }), (inner) => {
      try {
        parseSsml(`<speak>${inner}</speak>`);
      } catch (error) {
        assert.ok(error instanceof UspError, String(error));
      }
    }),
  );
});
