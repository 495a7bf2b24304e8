import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSsml } from './ssml.ts';
import { UspError } from './usp.ts';

const said = (document: string): string =>
  parseSsml(document)
    .map((piece) => (piece.type === 'text' ? piece.text : `[${piece.ms}]`))
    .join('|');

test('what the SDK makes of a text is that text again', () => {
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&apos;');
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const document = `<speak version='1.0'><voice name='en-US-AvaNeural'>${escaped(text)}</voice></speak>`;
      const pieces = parseSsml(document);
      const whole = { type: 'text', text, voice: 'en-US-AvaNeural', rate: 1 };
      assert.deepEqual(pieces, text.trim() === '' ? [] : [whole]);
    }),
  );
});

test('a tag within a sentence does not tear it apart, another voice or a pause does', () => {
  assert.equal(said('<speak>One <emphasis>big</emphasis> sentence.</speak>'), 'One big sentence.');
  assert.equal(said("<speak>One<break time='250ms'/>two<break/></speak>"), 'One|[250]|two|[500]');
  assert.equal(said("<speak>One <voice name='x'>two</voice></speak>"), 'One |two');
});

test('comments, declarations and CDATA are what XML says they are', () => {
  assert.equal(said('<?xml version="1.0"?><!-- no --><speak>a<!-- <b> -->b<![CDATA[ <c> & ]]></speak>'), 'ab <c> & ');
});

test('an alias is spoken in place of what it stands for', () => {
  assert.equal(said("<speak>the <sub alias='World Wide Web'>WWW</sub> is</speak>"), 'the World Wide Web is');
});

test('speeds multiply within each other', () => {
  const [piece] = parseSsml("<speak><prosody rate='+50%'><prosody rate='slow'>x</prosody></prosody></speak>");
  assert.ok(piece?.type === 'text');
  assert.ok(Math.abs(piece.rate - 1.05) < 1e-9);
});

test('what is not well-formed is refused, whatever it is', () => {
  for (const document of [
    '',
    'x',
    '<speak>',
    '<speak></speak>x',
    '<a></a>',
    '<speak><a></speak>',
    '<speak></speak><a/>',
  ]) {
    assert.throws(() => parseSsml(document), UspError, document);
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', '/', 'speak', '"', "'", '=', ' ', 'a', '&', '!', '--') }),
      (s) => {
        try {
          parseSsml(`<speak>${s}</speak>`);
        } catch (error) {
          assert.ok(error instanceof UspError, String(error));
        }
      },
    ),
  );
});
