import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamResampler } from './stream-resampler.ts';

const tone = (hz: number, rate: number, seconds: number) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
const rms = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
const middle = (samples: Float32Array) => samples.subarray(samples.length / 4, (samples.length * 3) / 4);

for (const from of [44_100, 48_000, 8000]) {
  test(`speech at ${from} Hz keeps its level at 16 kHz`, () => {
    const out = new StreamResampler(from, 16_000).process(tone(1000, from, 0.5));
    assert.ok(Math.abs(out.length - 8000) < 40);
    assert.ok(Math.abs(rms(middle(out)) - Math.SQRT1_2) < 0.01);
  });
}

test('what 16 kHz cannot carry does not fold back into speech', () => {
  const out = new StreamResampler(48_000, 16_000).process(tone(11_000, 48_000, 0.5));
  assert.ok(rms(middle(out)) < 0.01);
});

test('cutting the stream into pieces changes nothing', () => {
  const whole = tone(440, 44_100, 0.1);
  const expected = new StreamResampler(44_100, 16_000).process(whole);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 }), (lengths) => {
      const resampler = new StreamResampler(44_100, 16_000);
      const out: number[] = [];
      let at = 0;
      for (const length of [...lengths, whole.length]) {
        out.push(...resampler.process(whole.subarray(at, at + length)));
        at = Math.min(whole.length, at + length);
      }
      assert.deepEqual(Float32Array.from(out), expected);
    }),
  );
});
