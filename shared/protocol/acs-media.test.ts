import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeServiceDtmf,
  encodeServiceMetadata,
  ProtocolError,
  parseAppFrame,
  parseServiceFrame,
} from './acs-media.ts';

const audio = (data: unknown) => JSON.stringify({ kind: 'AudioData', audioData: { data } });

test('keys and kinds are read in any case, as Microsoft’s samples and its SDK differ', () => {
  const text = '{"Kind":"audioDATA","AudioData":{"Data":"AQI=","Silent":true,"ParticipantRawID":"p"}}';
  assert.deepEqual(parseServiceFrame(text), {
    kind: 'audio',
    pcm: Buffer.from([1, 2]),
    silent: true,
    participant: 'p',
  });
  assert.deepEqual(parseServiceFrame(encodeServiceDtmf('5')), { kind: 'dtmf', tone: '5' });
  assert.deepEqual(parseServiceFrame(encodeServiceMetadata('s', 16_000)), {
    kind: 'metadata',
    subscriptionId: 's',
    encoding: 'PCM',
    sampleRate: 16_000,
    channels: 1,
  });
});

test('a kind that nobody knows is unknown, those of JavaScript’s own objects too', () => {
  for (const name of ['TranscriptionSummary', 'constructor', '__proto__', 'toString', '']) {
    assert.deepEqual(parseServiceFrame(JSON.stringify({ kind: name })), { kind: 'unknown', name });
    assert.deepEqual(parseAppFrame(JSON.stringify({ kind: name })), { kind: 'unknown', name });
  }
});

test('audio and tones that are not what they should be are refused with what is wrong', () => {
  for (const [text, wrong] of [
    [audio(undefined), /no data/],
    [audio(7), /no data/],
    [audio('?!'), /no base64/],
    [audio('AQI'), /no base64/],
    [audio('AQID'), /whole number of samples/],
    ['{"kind":"AudioData","audioData":[]}', /no JSON object/],
    ['{"kind":"AudioData"}', /no JSON object/],
    ['{"kind":"DtmfData","dtmfData":{"data":{"x":1}}}', /tone is no text/],
    ['{"kind":"DtmfData","dtmfData":{"data":""}}', /tone is empty/],
    [encodeServiceDtmf('1'.repeat(1000)), /tone is too long/],
    ['[]', /no JSON object/],
    ['{"kind":5}', /no "kind"/],
    ['{', /no JSON text/],
  ] as const) {
    assert.throws(() => parseServiceFrame(text), { name: 'ProtocolError', message: wrong }, text);
  }
});

test('whatever JSON comes, it is read or refused by name, in both directions', () => {
  const kind = fc.constantFrom('AudioData', 'audioMetadata', 'DtmfData', 'StopAudio', 'x');
  const frame = fc.oneof(
    fc.json(),
    fc
      .record({ kind, audioData: fc.jsonValue(), audioMetadata: fc.jsonValue(), dtmfData: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(frame, (text) => {
      for (const parse of [parseServiceFrame, parseAppFrame]) {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
    }),
  );
});
