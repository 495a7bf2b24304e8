import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';
import { type AudioFormat, bytesPerMs, Decoder, Encoder } from './audio-codec.ts';

const tone = (hz: number, ms: number) =>
  bytesOf(
    Int16Array.from({ length: ms * 16 }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / 16_000))),
  );

/** How far a signal is above what differs from another, in decibels, at the delay at which they are most alike. */
function likeness(a: Int16Array, b: Int16Array): number {
  const at = (delay: number) => {
    let signal = 0;
    let noise = 0;
    for (let i = 400; i < a.length - 400; i += 1) {
      signal += (a[i] ?? 0) ** 2;
      noise += ((a[i] ?? 0) - (b[i + delay] ?? 0)) ** 2;
    }
    return 10 * Math.log10(signal / (noise + 1));
  };
  return Math.max(...Array.from({ length: 200 }, (_, delay) => at(delay)));
}

test('audio comes back from the wire as it went, in every format of the two services', () => {
  const sound = tone(440, 400);
  const formats: readonly (readonly [AudioFormat, number])[] = [
    [{ encoding: 'pcm', rate: 24_000 }, 30],
    [{ encoding: 'pcm', rate: 16_000 }, 90],
    [{ encoding: 'pcm', rate: 8_000 }, 30],
    [{ encoding: 'ulaw', rate: 8_000 }, 25],
    [{ encoding: 'alaw', rate: 8_000 }, 25],
  ];
  for (const [format, leastDb] of formats) {
    const wire = new Encoder(format).encode(sound);
    assert.equal(wire.length, 400 * bytesPerMs(format));
    const back = new Decoder(format).decode(wire);
    const db = likeness(samplesOf(sound), samplesOf(back));
    assert.ok(db >= leastDb, `${format.encoding} at ${format.rate}: ${db} dB`);
  }
});

test('G.711 is that of ITU-T: known samples have the known bytes', () => {
  const bytesOfSample = (encoding: 'ulaw' | 'alaw', sample: number) => {
    const constant = bytesOf(new Int16Array(800).fill(sample));
    return new Encoder({ encoding, rate: 8_000 }).encode(constant).at(-1);
  };
  assert.deepEqual(
    [0, 1_000, -1_000, 32_767].map((sample) => bytesOfSample('ulaw', sample)),
    [0xff, 0xce, 0x4e, 0x80],
  );
  assert.deepEqual(
    [0, 1_000, -1_000, 32_767].map((sample) => bytesOfSample('alaw', sample)),
    [0xd5, 0xfa, 0x7a, 0xaa],
  );
});
