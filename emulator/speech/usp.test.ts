import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { audioFrame, newServiceId, parseUsp, textFrame, UspError } from './usp.ts';

test('a text frame is read as it was written, whatever is in its body', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const id = newServiceId();
      const message = parseUsp(Buffer.from(textFrame('speech.phrase', id, { text: text.toWellFormed() })), false);
      assert.equal(message.path, 'speech.phrase');
      assert.equal(message.requestId, id);
      assert.ok(message.body.type === 'text');
      assert.deepEqual(JSON.parse(message.body.text), { text: text.toWellFormed() });
    }),
  );
});

test('an audio frame is read as it was written', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (audio) => {
      const message = parseUsp(audioFrame(newServiceId(), newServiceId(), audio), true);
      assert.equal(message.path, 'audio');
      assert.ok(message.body.type === 'binary');
      assert.deepEqual(Buffer.from(message.body.bytes), Buffer.from(audio));
    }),
  );
});

test('no bytes whatever make the parser throw anything but its own error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isBinary) => {
      try {
        parseUsp(Buffer.from(bytes), isBinary);
      } catch (error) {
        assert.ok(error instanceof UspError && error.closeCode === 1002, String(error));
      }
    }),
  );
});

test('header names are read in any case, and request ids with or without dashes', () => {
  const id = crypto.randomUUID();
  const { requestId, path } = parseUsp(Buffer.from(`path: SSML\r\nx-requestid: ${id.toUpperCase()}\r\n\r\n`), false);
  assert.equal(requestId, id.replaceAll('-', ''));
  assert.equal(path, 'ssml');
});
