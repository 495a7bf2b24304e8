import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import 'microsoft-cognitiveservices-speech-sdk';
import {
  ConnectionMessage,
  MessageType,
  RawWebsocketMessage,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';
import { WebsocketMessageFormatter } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/Exports.js';
import { SpeechConnectionMessage } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/SpeechConnectionMessage.Internal.js';
import { audioPayload, parsePayload, payloadOf } from './speech-message.ts';

const sdk = new WebsocketMessageFormatter();
const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.-]{0,20}$/);
const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const bytes = fc.uint8Array({ maxLength: 4_000 }).map((array) => new Uint8Array(array).buffer);
const headers = fc.dictionary(token, headerValue, { minKeys: 1, maxKeys: 6, noNullPrototype: true });
/** The SDK takes an empty line in a body for its end. */
const text = fc.string({ unit: 'grapheme' }).filter((body) => !body.includes('\r\n\r\n'));
const spoken = fc.record({
  path: token,
  requestId: fc.stringMatching(/^[0-9A-F]{32}$/),
  contentType: fc.constantFrom('application/json', 'audio/x-wav', ''),
});

test('a text leaves as the SDK would send it, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(spoken, fc.option(text), async ({ path, requestId, contentType }, body) => {
      const message = new SpeechConnectionMessage(MessageType.Text, path, requestId, contentType, body ?? '');
      const { textContent } = await sdk.fromConnectionMessage(message);
      assert.equal(payloadOf(message), textContent);
    }),
  );
});

test('bytes leave as the SDK would send them, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(spoken, fc.option(bytes), async ({ path, requestId, contentType }, body) => {
      const message = new SpeechConnectionMessage(MessageType.Binary, path, requestId, contentType, body);
      const { binaryContent } = await sdk.fromConnectionMessage(message);
      assert.deepEqual(payloadOf(message), Buffer.from(binaryContent));
    }),
  );
});

test("audio leaves as the SDK's recogniser would send it, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(spoken, bytes, async ({ requestId }, body) => {
      const message = new SpeechConnectionMessage(MessageType.Binary, 'audio', requestId, '', body);
      const { binaryContent } = await sdk.fromConnectionMessage(message);
      const at = new Date(message.headers['X-Timestamp'] ?? '');
      assert.deepEqual(audioPayload(requestId, new Uint8Array(body), at), Buffer.from(binaryContent));
    }),
  );
});

test('what comes in is read as the SDK reads it', async () => {
  await fc.assert(
    fc.asyncProperty(headers, fc.oneof(text, bytes), async (names, body) => {
      const isBinary = typeof body !== 'string';
      const sent = new ConnectionMessage(isBinary ? MessageType.Binary : MessageType.Text, body, names, 'id');
      const raw = await sdk.fromConnectionMessage(sent);
      const theirs = await sdk.toConnectionMessage(raw);
      const ours = parsePayload(Buffer.from(isBinary ? new Uint8Array(raw.binaryContent) : raw.textContent), isBinary);
      assert.equal(ours?.messageType, theirs.messageType);
      assert.deepEqual(ours?.headers, theirs.headers);
      assert.deepEqual(ours?.body, theirs.body);
    }),
  );
});

test('headers as the service writes them are read as the SDK reads them', async () => {
  const written = 'X-RequestId:0123\r\nContent-Type: application/json; charset=utf-8 \r\nPath:turn.start\r\nEmpty:';
  const payload = `${written}\r\n\r\n{"a":1}`;
  const theirs = await sdk.toConnectionMessage(new RawWebsocketMessage(MessageType.Text, payload));
  const ours = parsePayload(Buffer.from(payload), false);
  assert.deepEqual(ours?.headers, theirs.headers);
  assert.equal(ours?.headers.path, 'turn.start');
  assert.equal(ours?.textBody, '{"a":1}');
});

test('a body is an ArrayBuffer of its own, however large the buffer that it came in', () => {
  const payload = audioPayload('0'.repeat(32), new Uint8Array([1, 2, 3]), new Date());
  const large = Buffer.concat([Buffer.alloc(100), payload, Buffer.alloc(100)]);
  const message = parsePayload(large.subarray(100, 100 + payload.length), true);
  large.fill(0);
  assert.deepEqual(new Uint8Array(message?.binaryBody ?? new ArrayBuffer()), new Uint8Array([1, 2, 3]));
});

test('an empty line in a text is part of it (trap: the SDK cuts the text off there)', () => {
  assert.equal(parsePayload(Buffer.from('Path:x\r\n\r\na\r\n\r\nb'), false)?.textBody, 'a\r\n\r\nb');
});

test('what is no message is left out, as it is by the SDK', () => {
  for (const payload of [Buffer.of(), Buffer.of(0), Buffer.of(0, 5, 65), Buffer.of(0xff, 0xff, 65)]) {
    assert.equal(parsePayload(payload, true), undefined);
  }
  assert.equal(parsePayload(Buffer.from(''), false), undefined);
  assert.equal(parsePayload(Buffer.from('Path:x'), false), undefined);
});
