import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';
import {
  countInterval,
  countOf,
  differenceOf,
  type Interval,
  largest,
  mean,
  meanInterval,
  meanOf,
  measure,
  median,
  once,
  percentOf,
  quantileInterval,
  quantileOf,
  quantileOver,
  quantileRanks,
  shareInterval,
  student,
  sumOf,
  trialsOf,
  widerOf,
} from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

test('quantiles are samples: the nearest rank', () => {
  assert.deepEqual(
    [0.5, 0.95, 0.99, 1].map((share) => quantileOf(hundred, share)),
    [50, 95, 99, 100],
  );
  assert.equal(quantileOf([7], 0.99), 7);
  assert.ok(Number.isNaN(quantileOf([], 0.5)));
});

test('a figure has the spread of its kind', () => {
  assert.deepEqual(measure(hundred, median), { value: 50, low: 40, high: 61, n: 100 });
  assert.deepEqual(measure(hundred, largest), { value: 100, low: 95, high: 100, open: 'above', n: 100 });
  assert.deepEqual(measure([], median), { none: 'no samples' });
  const shares = measure([true, false, false, false], percentOf);
  assert.ok('low' in shares && shares.value === 25 && shares.low > 4 && shares.low < 5 && shares.high > 69);
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

test('samples of one part of a run count for less than as many of different ones', () => {
  const even = Array.from({ length: 20 }, () => Array.from({ length: 20 }, (_, i) => i));
  const bursts = even.map((part, at) => (at === 3 ? part.map((delay) => delay + 100) : part));
  const [calm, hit] = [quantileOver(even, 0.95), quantileOver(bursts, 0.95)];
  assert.ok('low' in calm && calm.low >= 17 && calm.high <= 19 && calm.n === 400);
  assert.ok('low' in hit && hit.low < 20 && hit.high > 100, JSON.stringify(hit));
  assert.deepEqual(quantileOver(bursts, 1), { value: 119, low: 19, high: 119, open: 'above', n: 400 });
  assert.deepEqual(quantileOver([[], []], 0.95), { none: 'no samples' });
  assert.equal('open' in quantileOver([[1, 2, 3]], 0.5), true, 'one part bounds nothing');
});

test('counts that differ between stretches by more than chance have a wider spread than single events', () => {
  const [even, bursty, none] = [countOf([25, 26, 24, 25]), countOf([0, 0, 99, 1]), countOf([0, 0, 0])];
  assert.ok(even.value === 100 && even.low > 80 && even.high < 123, `${even.low} – ${even.high}`);
  assert.ok(bursty.value === 100 && bursty.low === 0 && bursty.high > 200, `${bursty.low} – ${bursty.high}`);
  assert.ok(none.low === 0 && none.high > 3.6 && none.high < 3.8);
  assert.deepEqual(sumOf([20, 20]), { value: 40, low: 40, high: 40, n: 2 });
});

const near = (value: number, expected: number, slack = 0.01) =>
  assert.ok(Math.abs(value - expected) <= slack, `${value} is not ${expected}`);
const rounded = ({ low, high }: Interval) => [low, high].map((end) => Number(end.toFixed(3)));

/** How many of 1000 intervals, each of `n` new samples, hold the true value. */
function held(n: number, truth: number, draw: (random: Random) => number, of: (samples: number[]) => Interval) {
  const random = new Random('intervals');
  let hits = 0;
  for (let round = 0; round < 1000; round += 1) {
    const { low, high, open } = of(Array.from({ length: n }, () => draw(random)));
    if ((open === 'both' || low <= truth) && (open !== undefined || truth <= high)) hits += 1;
  }
  return hits;
}
/** Delays are like this: most short, a few very long. */
const skewed = (random: Random) => -Math.log(1 - random.next());

test('the ranks around a median are those of the tables', () => {
  assert.deepEqual(quantileRanks(100, 0.5), { low: 40, high: 61 });
  assert.deepEqual(quantileRanks(20, 0.5), { low: 6, high: 15 });
  assert.deepEqual(quantileRanks(6, 0.5), { low: 1, high: 6 });
});

test('a quantile is within its interval in 95 of 100 runs, whatever the distribution', () => {
  for (const [n, share] of [
    [40, 0.5],
    [38, 0.95],
    [120, 0.95],
    [400, 0.99],
  ] as const) {
    // biome-ignore format: points read better in a row
    const hits = held(n, -Math.log(1 - share), skewed, (samples) => quantileInterval(samples, share));
    assert.ok(hits >= 935, `${hits} of 1000 for the ${share} of ${n}`);
  }
});

test('too few samples bound a high percentile from below only, and fewer than six bound nothing', () => {
  const samples = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  assert.equal(quantileInterval(samples(72), 0.95).open, undefined);
  assert.deepEqual(quantileInterval(samples(71), 0.95).open, 'above');
  assert.deepEqual(quantileInterval(samples(367), 0.99).open, 'above');
  assert.equal(quantileInterval(samples(368), 0.99).open, undefined);
  assert.deepEqual(quantileInterval(samples(5), 0.5), { low: 1, high: 5, open: 'both' });
  assert.deepEqual(quantileInterval(samples(1), 0.95), { low: 1, high: 1, open: 'both' });
});

test('the longest of a like run falls short of the sixth longest in one of 64 cases', () => {
  assert.deepEqual(quantileInterval([9, 1, 8, 2, 7, 3, 6, 4, 5], 1), { low: 4, high: 9, open: 'above' });
  const random = new Random('longest');
  const run = () => Array.from({ length: 50 }, () => skewed(random));
  let short = 0;
  for (let round = 0; round < 2000; round += 1) {
    if (Math.max(...run()) < quantileInterval(run(), 1).low) short += 1;
  }
  assert.ok(short > 10 && short < 55, `${short} of 2000`);
});

test('shares have Wilson’s interval, which is no point at 0 and at 1', () => {
  assert.deepEqual(rounded(shareInterval(0, 10)), [0, 0.278]);
  assert.deepEqual(rounded(shareInterval(3, 3)), [0.439, 1]);
  assert.deepEqual(rounded(shareInterval(6, 44)), [0.064, 0.267]);
});

test('counts have Poisson’s interval, also where nothing was seen', () => {
  const [none, ten] = [countInterval(0), countInterval(10)];
  near(none.low, 0);
  near(none.high, 3.689, 0.03);
  near(ten.low, 4.795, 0.03);
  near(ten.high, 18.39, 0.03);
});

test('means have Student’s interval; a single sample bounds nothing', () => {
  near(student(4), 2.776, 0.001);
  near(student(30), 2.042, 0.001);
  near(student(1000), 1.962, 0.001);
  assert.deepEqual(rounded(meanInterval([11, 12, 13])), [9.516, 14.484]);
  assert.deepEqual(rounded(meanInterval([1, 2, 3])), [0, 4.484]);
  assert.deepEqual(rounded(meanInterval([-1, 2, 5])), [-5.453, 9.453]);
  assert.deepEqual(meanInterval([5]), { low: 5, high: 5, open: 'both' });
  const hits = held(5, 0.5, (random) => random.next(), meanInterval);
  assert.ok(hits >= 925, `${hits} of 1000`);
});

test('a difference knows the noise of both sides', () => {
  const { value, low, high } = differenceOf([10, 12, 11], [1, 5, 3]);
  near(value, 8);
  near((low + high) / 2, 8);
  assert.ok(high - low > 2 * student(4) * Math.sqrt((1 + 4) / 3) - 0.01);
  assert.deepEqual(differenceOf([4, 4], [1, 1]), { value: 3, low: 3, high: 3, n: 4 });
  assert.deepEqual(differenceOf([4], [1, 1]).open, 'both');
});

test('the wider of two intervals has the outer ends, and is open where one of them is', () => {
  assert.deepEqual(widerOf({ low: 1, high: 3 }, { low: 2, high: 4, open: 'above' }), {
    low: 1,
    high: 4,
    open: 'above',
  });
  assert.deepEqual(widerOf({ low: 1, high: 3, open: 'above' }, { low: 2, high: 4, open: 'both' }).open, 'both');
});
