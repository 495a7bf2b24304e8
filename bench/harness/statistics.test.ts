import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cdf,
  differenceOf,
  largest,
  largestOver,
  mean,
  meanOf,
  measure,
  measureOver,
  median,
  once,
  p95,
  percentOf,
  quantile,
  quantileAt,
  trialsOf,
  trialsOver,
} from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

test('quantiles are samples: the nearest rank', () => {
  assert.equal(median(hundred), 50);
  assert.equal(p95(hundred), 95);
  assert.equal(quantileAt(0.99)(hundred), 99);
  assert.equal(largest(hundred), 100);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(median([])));
});

test('a figure has the spread of its kind', () => {
  assert.deepEqual(measure(hundred, median), { value: 50, low: 40, high: 61, n: 100 });
  assert.deepEqual(measure(hundred, largest), { value: 100, low: 95, high: 100, open: 'above', n: 100 });
  assert.deepEqual(measure([], median), { none: 'no samples' });
  const shares = measure([true, false, false, false], percentOf);
  assert.ok('low' in shares && shares.value === 25 && shares.low > 4 && shares.low < 5 && shares.high > 69);
});

test('a statistic without an interval of its own gets one by drawing again', () => {
  const range = (samples: readonly number[]) => Math.max(...samples) - Math.min(...samples);
  const measured = measure(hundred, range);
  assert.ok('low' in measured && measured.low < 99 && measured.low > 85 && measured.high === 99);
});

test('samples that are alike are still not known better than they can be told apart', () => {
  assert.deepEqual(measure([645, 645, 645, 645], median, 20), { value: 645, low: 635, high: 655, open: 'both', n: 4 });
  assert.deepEqual(measure(hundred, median, 2), { value: 50, low: 40, high: 61, n: 100 });
  assert.deepEqual(measure([100, 100, 100], mean, 20), { value: 100, low: 90, high: 110, n: 3 });
});

test('parts, differences, trials and single readings are figures too', () => {
  assert.deepEqual(meanOf([4, 4, 4]), { value: 4, low: 4, high: 4, n: 3 });
  assert.equal(meanOf([0, 9]).low, 0);
  assert.ok(meanOf([-1, 9]).low < -1);
  assert.deepEqual(differenceOf([90, 90], [10, 10], 40), { value: 2, low: 2, high: 2, n: 4 });
  const { value, low, high, n } = trialsOf(20, 20);
  assert.ok(value === 20 && n === 20 && high === 20 && low > 16 && low < 17);
  assert.deepEqual(once(110, 10), { value: 110, low: 100, high: 120, open: 'both', n: 1 });
});

test('samples of one moment count for less than as many at different moments', () => {
  const even = Array.from({ length: 20 }, () => Array.from({ length: 20 }, (_, i) => i));
  const bursts = even.map((moment, at) => (at === 3 ? moment.map((delay) => delay + 100) : moment));
  const [calm, hit] = [measureOver(even, p95), measureOver(bursts, p95)];
  assert.ok('low' in calm && calm.low >= 17 && calm.high <= 19 && calm.n === 400);
  assert.ok('low' in hit && hit.low < 20 && hit.high > 100, JSON.stringify(hit));
  assert.deepEqual(largestOver(bursts), { value: 119, low: 19, high: 119, open: 'above', n: 400 });
  assert.deepEqual(measureOver([[], []], p95), { none: 'no samples' });
  const missed = trialsOver(even.map((moment, at) => moment.map(() => at === 3)));
  assert.ok(missed.value === 20 && missed.n === 400 && missed.low === 0 && missed.high > trialsOf(20, 400).high);
});

test('a distribution rises to one', () => {
  assert.deepEqual(cdf([30, 10]), [
    [10, 0.5],
    [30, 1],
  ]);
});
