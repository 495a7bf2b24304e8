import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FourierTransform } from './fourier.ts';

const signal = (size: number) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: size, maxLength: size });

function near(actual: Float64Array, expected: ArrayLike<number>, scale = 1): void {
  for (let i = 0; i < actual.length; i += 1) {
    assert.ok(Math.abs((actual[i] ?? 0) / scale - (expected[i] ?? 0)) < 1e-9, `at ${i}`);
  }
}

test('a transform is the sum that defines it', () => {
  fc.assert(
    fc.property(signal(16), signal(16), (a, b) => {
      const real = Float64Array.from(a);
      const imaginary = Float64Array.from(b);
      new FourierTransform(16).run(real, imaginary);
      const sum = (k: number, part: (value: number, other: number, angle: number) => number) =>
        a.reduce((total, value, n) => total + part(value, b[n] ?? 0, (-2 * Math.PI * k * n) / 16), 0);
      near(
        real,
        a.map((_, k) => sum(k, (re, im, angle) => re * Math.cos(angle) - im * Math.sin(angle))),
      );
      near(
        imaginary,
        a.map((_, k) => sum(k, (re, im, angle) => re * Math.sin(angle) + im * Math.cos(angle))),
      );
    }),
    { numRuns: 50 },
  );
});

test('with the two arrays exchanged it is its own inverse, at every size in use', () => {
  for (const size of [256, 4096]) {
    const a = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i));
    const b = Float64Array.from({ length: size }, (_, i) => Math.cos(3 * i * i));
    const real = a.slice();
    const imaginary = b.slice();
    const transform = new FourierTransform(size);
    transform.run(real, imaginary);
    transform.run(imaginary, real);
    near(real, a, size);
    near(imaginary, b, size);
  }
});
