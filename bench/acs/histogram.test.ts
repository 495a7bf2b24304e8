import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

test('a percentile is that of the sorted samples, to within a bin', () => {
  const samples = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(samples, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const histogram = new Histogram(0.5);
      for (const value of values) histogram.add(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
      assert.ok(Math.abs(histogram.percentile(share) - exact) <= 0.5);
    }),
  );
});

test('a histogram survives the way to another process, and two add up', () => {
  const one = new Histogram();
  for (const value of [1, 2, 3]) one.add(value);
  const two = Histogram.from(JSON.parse(JSON.stringify(one.toJson())));
  two.merge(one);
  assert.deepEqual([two.n, two.max, two.above(2)], [6, 3, 4]);
  assert.equal(two.percentile(0.5), one.percentile(0.5));
});

test('no samples have no percentile', () => {
  assert.ok(Number.isNaN(new Histogram().percentile(0.5)));
});
