import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AUDIO_RATES, bytesOf, samplesOf } from './pcm.ts';
import { Resampler } from './resample.ts';

const PAIRS = [
  [16_000, 48_000],
  [16_000, 24_000],
  [24_000, 16_000],
  [48_000, 16_000],
  [8_000, 16_000],
  [16_000, 8_000],
  [8_000, 24_000],
  [24_000, 8_000],
  [44_100, 16_000],
] as const;
const AMPLITUDE = 20_000;

for (const [fromHz, toHz] of PAIRS) {
  const passbandHz = (Math.min(fromHz, toHz) / 2) * 0.85;

  test(`${fromHz} to ${toHz} Hz: tones in the passband keep their level and bring nothing along`, () => {
    for (const hz of [60, 440, 1_000, passbandHz * 0.5, passbandHz * 0.97]) {
      const output = resample(tone(hz, fromHz, fromHz), fromHz, toHz).subarray(toHz / 10, toHz * 0.9);
      const { amplitude, restRms } = measure(output, hz, toHz);
      const gainDb = 20 * Math.log10(amplitude / AMPLITUDE);
      const restDb = 20 * Math.log10(restRms / (AMPLITUDE / Math.SQRT2));
      assert.ok(Math.abs(gainDb) < 0.5, `${hz} Hz: gain ${gainDb.toFixed(2)} dB`);
      assert.ok(restDb < -50, `${hz} Hz: ${restDb.toFixed(1)} dB of images, aliases and noise`);
    }
  });

  test(`${fromHz} to ${toHz} Hz: how the stream is cut makes no difference, and no sample is lost`, () => {
    const whole = bytesOf(tone(997, fromHz, fromHz / 4));
    const expected = new Resampler(fromHz, toHz).write(whole);
    assert.equal(expected.length / 2, Math.ceil(((whole.length / 2) * toHz) / fromHz));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 30 }), (cuts) => {
        const resampler = new Resampler(fromHz, toHz);
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const bytes of [...cuts, whole.length]) {
          pieces.push(resampler.write(whole.subarray(at, at + bytes)));
          at += bytes;
        }
        assert.ok(Buffer.concat(pieces).equals(expected));
      }),
      { numRuns: 30 },
    );
  });
}

for (const [fromHz, toHz] of PAIRS.filter(([from, to]) => from > to)) {
  test(`${fromHz} to ${toHz} Hz: tones that the lower rate cannot carry do not fold back`, () => {
    for (const hz of [toHz / 2 + 50, toHz * 0.6, fromHz / 2 - 100]) {
      const output = resample(tone(hz, fromHz, fromHz), fromHz, toHz).subarray(toHz / 10, toHz * 0.9);
      const leakDb = 20 * Math.log10(rms(output) / (AMPLITUDE / Math.SQRT2));
      assert.ok(leakDb < -50, `${hz} Hz leaks at ${leakDb.toFixed(1)} dB`);
    }
  });
}

test('between the rates of lines and modes a change costs at most four million multiplications a second, and none where they agree', () => {
  for (const fromHz of AUDIO_RATES) {
    for (const toHz of AUDIO_RATES) {
      const perSecond = new Resampler(fromHz, toHz).tapsPerSample * toHz;
      if (fromHz === toHz) assert.equal(perSecond, 0);
      else assert.ok(perSecond > 0 && perSecond <= 4_000_000, `${fromHz} to ${toHz}: ${perSecond}`);
    }
  }
});

test('a full-scale square wave is clipped, not wrapped around', () => {
  const square = Int16Array.from({ length: 1_600 }, (_, i) => (i % 32 < 16 ? 32_767 : -32_768));
  const output = resample(square, 16_000, 48_000).subarray(300);
  for (let i = 0; i < output.length; i += 96) {
    const half = output.subarray(i + 20, i + 28);
    assert.ok(half.every((sample) => Math.sign(sample) === Math.sign(half[0] ?? 0)));
  }
  assert.ok(rms(output) > 30_000);
});

test('after a reset nothing of the old stream is heard', () => {
  const resampler = new Resampler(16_000, 48_000);
  resampler.write(bytesOf(tone(440, 16_000, 333)).subarray(0, 665));
  resampler.reset();
  assert.ok(samplesOf(resampler.write(new Uint8Array(640))).every((sample) => sample === 0));
});

test('equal rates pass the audio through untouched', () => {
  const pcm = bytesOf(tone(440, 16_000, 320));
  assert.equal(new Resampler(16_000, 16_000).write(pcm), pcm);
});

function tone(hz: number, rate: number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, i) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rate)));
}

function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  return samplesOf(new Resampler(fromHz, toHz).write(bytesOf(samples)));
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** The amplitude of one tone (by least squares on its sine and cosine) and the level of all the rest. */
function measure(samples: Int16Array, hz: number, rate: number): { amplitude: number; restRms: number } {
  let [ss, sc, cc, ys, yc] = [0, 0, 0, 0, 0];
  for (const [i, y] of samples.entries()) {
    const [s, c] = [Math.sin((2 * Math.PI * hz * i) / rate), Math.cos((2 * Math.PI * hz * i) / rate)];
    [ss, sc, cc, ys, yc] = [ss + s * s, sc + s * c, cc + c * c, ys + y * s, yc + y * c];
  }
  const determinant = ss * cc - sc * sc;
  const a = (ys * cc - yc * sc) / determinant;
  const b = (yc * ss - ys * sc) / determinant;
  let rest = 0;
  for (const [i, y] of samples.entries()) {
    rest += (y - a * Math.sin((2 * Math.PI * hz * i) / rate) - b * Math.cos((2 * Math.PI * hz * i) / rate)) ** 2;
  }
  return { amplitude: Math.hypot(a, b), restRms: Math.sqrt(rest / samples.length) };
}
