import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cdf, largest, measure, median, p95, percentOf, quantile } from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

test('quantiles are samples: the nearest rank', () => {
  assert.equal(median(hundred), 50);
  assert.equal(p95(hundred), 95);
  assert.equal(largest(hundred), 100);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(median([])));
});

test('the spread of a figure is that of its blocks, and holds the figure', () => {
  const measured = measure(hundred, largest);
  assert.deepEqual(measured, { value: 100, low: 97, high: 100, n: 100 });
});

test('few samples have no blocks, and so no spread of their own', () => {
  assert.deepEqual(measure([3, 9], largest), { value: 9, low: 9, high: 9, n: 2 });
  assert.deepEqual(measure([], median), { none: 'no samples' });
});

test('shares are percentages', () => {
  assert.equal(percentOf([true, false, false, false]), 25);
});

test('a distribution rises to one', () => {
  assert.deepEqual(cdf([30, 10]), [
    [10, 0.5],
    [30, 1],
  ]);
});
