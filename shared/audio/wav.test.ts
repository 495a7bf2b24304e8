import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ParleyError } from '../errors.ts';
import { encodeWav, mixToMono, parseWav } from './wav.ts';

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof ParleyError && error.code === 'audio.wav' && error.status === 400 && pattern.test(error.message);

test('what is encoded is what is parsed, for any rate and number of channels', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 192_000 }),
      fc
        .integer({ min: 0, max: 50 })
        .chain((size) => fc.array(fc.int16Array({ minLength: size, maxLength: size }), { minLength: 1, maxLength: 4 })),
      (sampleRate, channels) => assert.deepEqual(parseWav(encodeWav(channels, sampleRate)), { sampleRate, channels }),
    ),
  );
});

test('a shorter channel is filled up with silence', () => {
  const { channels } = parseWav(encodeWav([Int16Array.of(1, 2, 3), Int16Array.of(4)], 16_000));
  assert.deepEqual(channels, [Int16Array.of(1, 2, 3), Int16Array.of(4, 0, 0)]);
});

test('unknown chunks, odd sizes and a data size that was never filled in are read past', () => {
  const wav = encodeWav([Int16Array.of(7, -7)], 8000);
  const list = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
  const odd = Buffer.concat([wav.subarray(0, 12), list, wav.subarray(12)]);
  odd.writeUInt32LE(0xffffffff, odd.length - 8);
  assert.deepEqual(parseWav(odd), { sampleRate: 8000, channels: [Int16Array.of(7, -7)] });
});

test('a recorder that streamed or was killed is read to the end of its file (wav-of-unknown-length)', () => {
  const samples = Int16Array.of(7, -7, 300);
  const whole = encodeWav([samples], 16_000);
  const sizes = { nothing: 0, everything: 0xffffffff, more: 5000 };
  for (const riff of [...Object.values(sizes), 4, 36]) {
    for (const data of Object.values(sizes)) {
      const wav = Buffer.from(whole);
      wav.writeUInt32LE(riff, 4);
      wav.writeUInt32LE(data, 40);
      assert.deepEqual(parseWav(wav).channels, [samples], `RIFF ${riff}, data ${data}`);
      // Killed in the middle of a sample: the half one is left out.
      assert.deepEqual(parseWav(wav.subarray(0, -1)).channels, [samples.subarray(0, -1)]);
    }
  }
});

test('chunks behind an empty data chunk are not taken for audio', () => {
  const wav = Buffer.concat([
    encodeWav([new Int16Array(0)], 16_000),
    Buffer.from('LIST\x04\x00\x00\x00abcd', 'latin1'),
  ]);
  wav.writeUInt32LE(wav.length - 8, 4);
  assert.deepEqual(parseWav(wav).channels, [new Int16Array(0)]);
});

test('a file starting at an odd address is read as well', () => {
  const wav = encodeWav([Int16Array.of(300)], 16_000);
  const shifted = Buffer.concat([Buffer.alloc(1), wav]).subarray(1);
  assert.deepEqual(parseWav(shifted).channels, [Int16Array.of(300)]);
});

test('stereo mixes to the mean of both sides', () => {
  const both = { sampleRate: 16_000, channels: [Int16Array.of(100, 32_767), Int16Array.of(-50, 32_767)] };
  assert.deepEqual(mixToMono(both), Int16Array.of(25, 32_767));
});

test('anything else is refused with what is wrong and how to convert it', () => {
  const eightBit = encodeWav([Int16Array.of(1)], 16_000);
  eightBit.writeUInt16LE(8, 34);
  assert.throws(() => parseWav(eightBit), refused(/8-bit audio.*sox/));
  assert.throws(() => parseWav(Buffer.from('ID3 something')), refused(/RIFF/));
  assert.throws(() => parseWav(encodeWav([], 16_000)), refused(/no channels/));
  assert.throws(() => parseWav(encodeWav([Int16Array.of(1)], 16_000).subarray(0, 36)), refused(/no audio/));
});

test('no bytes whatever can make the parser throw anything else', () => {
  const header = encodeWav([Int16Array.of(1, 2, 3)], 16_000);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(60), (noise, at) => {
      const bytes = Buffer.concat([header.subarray(0, at), noise]);
      try {
        parseWav(bytes);
      } catch (error) {
        assert.ok(error instanceof ParleyError, String(error));
      }
    }),
  );
});
