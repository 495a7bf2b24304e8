import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { appAudioBytes, readServiceAudio } from './audio-frame.ts';
import { encodeServiceAudio, parseAppFrame, parseServiceFrame } from './media-frames.ts';

const pcm = fc.uint8Array({ maxLength: 1280 }).map((bytes) => bytes.subarray(bytes.length % 2));
const participant = fc.oneof(
  fc.constant('4:+15550001111'),
  fc.constant(undefined),
  fc.string(),
  fc.string({ unit: 'binary' }),
);
const frame = fc
  .tuple(pcm, fc.date({ noInvalidDate: true }), participant, fc.boolean())
  .map((parts) => encodeServiceAudio(...parts));

test('a frame as ACS writes it is read without the JSON parser', () => {
  const audio = Uint8Array.from({ length: 640 }, (_, i) => i);
  const text = encodeServiceAudio(audio, new Date(0), '4:+15550001111', false);
  assert.deepEqual(readServiceAudio(text), {
    kind: 'audio',
    pcm: Buffer.from(audio),
    silent: false,
    participant: '4:+15550001111',
  });
  assert.equal(readServiceAudio(text.replace('false', 'true'))?.silent, true);
  const mixed = readServiceAudio(encodeServiceAudio(audio, new Date(0), undefined, false));
  assert.deepEqual(mixed, { kind: 'audio', pcm: Buffer.from(audio), silent: false, participant: undefined });
});

test('of whatever frame, what is read is what the JSON parser reads', () => {
  fc.assert(fc.property(frame, agrees));
});

test('a damaged frame is read as the JSON parser reads it, or left to it', () => {
  const damage = fc.record({
    at: fc.nat(1800),
    cut: fc.nat(30),
    insert: fc.oneof(fc.string(), fc.constantFrom(...PARTS)),
  });
  fc.assert(
    fc.property(frame, fc.array(damage, { minLength: 1, maxLength: 3 }), (text, damages) => {
      let broken = text;
      for (const { at, cut, insert } of damages) {
        const start = at % (broken.length + 1);
        broken = broken.slice(0, start) + insert + broken.slice(start + cut);
      }
      agrees(broken);
    }),
    { numRuns: 500 },
  );
});

test('frames that are written otherwise are left to the JSON parser', () => {
  const text = encodeServiceAudio(new Uint8Array(8), new Date(0), 'p', false);
  for (const [from, to] of [
    ['AudioData', 'audioData'],
    [':{', ': {'],
    ['AAAAAAAAAAA=', 'AAAAAAAAAAA'],
    ['AAAAAAAAAAA=', 'AAAA\\u0041AA='],
    ['AAAAAAAAAAA=', 'AAAA'],
    ['"p"', '"\\u0070"'],
    ['"silent":false', '"silent":false,"more":1'],
  ] as const) {
    assert.equal(readServiceAudio(text.replace(from, to)), undefined, to);
    assert.equal(readServiceAudio(text)?.kind, 'audio');
  }
});

test('the bytes for ACS are the text that its documentation shows, and read back as the same audio', () => {
  assert.equal(
    Buffer.from(appAudioBytes(new Uint8Array([1, 2, 3, 4]))).toString(),
    '{"kind":"AudioData","audioData":{"data":"AQIDBA=="},"stopAudio":null}',
  );
  fc.assert(
    fc.property(pcm, (audio) => {
      assert.deepEqual(parseAppFrame(Buffer.from(appAudioBytes(audio)).toString()), {
        kind: 'audio',
        pcm: Buffer.from(audio),
      });
    }),
  );
});

const PARTS = ['"', '\\', '","data":"', '","silent":true}}', '","participantRawID":"', '=', '\n', '{', 'AA', '-', '/'];

function agrees(text: string): void {
  const read = readServiceAudio(text);
  if (read) assert.deepEqual(read, parseServiceFrame(text));
}
