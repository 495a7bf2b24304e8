import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { encodeServiceDtmf, encodeServiceMetadata, parseAppFrame, parseServiceFrame } from './media-frames.ts';
import { encodeTranscript } from './transcript-frame.ts';

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

test('words of ACS’s own transcription are read, with times in milliseconds and nothing believed of them', () => {
  // As Microsoft’s documentation shows it. The offset is a date counted backwards, and no place in a call.
  const shown = {
    kind: 'TranscriptionData',
    transcriptionData: {
      text: 'The weather is nice.',
      format: 'display',
      confidence: 0.69,
      offset: 2516998782481234400,
      duration: 15_000_000,
      words: [{ text: 'weather', offset: 30_000_000, duration: 4_000_000 }],
      participantRawID: '8:acs:someone',
      resultStatus: 'Final',
    },
  };
  const phrase = {
    text: 'The weather is nice.',
    final: true,
    participant: '8:acs:someone',
    confidence: 0.69,
    offsetMs: 0,
    durationMs: 1500,
    words: [{ text: 'weather', offsetMs: 3000, durationMs: 400 }],
  };
  assert.deepEqual(parseServiceFrame(JSON.stringify(shown)), { kind: 'transcript', phrase });
  const odd = { text: 'so', resultStatus: 7, words: 'no', duration: -1, confidence: 9, participantRawID: null };
  assert.deepEqual(parseServiceFrame(JSON.stringify({ kind: 'TranscriptionData', transcriptionData: odd })), {
    kind: 'transcript',
    phrase: { text: 'so', final: false, offsetMs: 0, durationMs: 0, words: [] },
  });
  assert.throws(() => parseServiceFrame('{"kind":"TranscriptionData","transcriptionData":{}}'), /no text/);
  const again = parseServiceFrame(encodeTranscript(phrase));
  assert.deepEqual(again, { kind: 'transcript', phrase });
});

test('whatever JSON comes, it is read or refused by name, in both directions', () => {
  const kind = fc.constantFrom('AudioData', 'audioMetadata', 'DtmfData', 'StopAudio', 'TranscriptionData', 'x');
  const frame = fc.oneof(
    fc.json(),
    fc
      .record({
        kind,
        audioData: fc.jsonValue(),
        audioMetadata: fc.jsonValue(),
        dtmfData: fc.jsonValue(),
        transcriptionData: fc.jsonValue(),
      })
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
