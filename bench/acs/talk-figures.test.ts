import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';
import { newCounts } from './messages.ts';
import { countOf, percentileOf, type StretchFigures, sumOf } from './talk-figures.ts';

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

const stretchOf = (lateFrames: number): StretchFigures => ({
  counts: { ...newCounts(), lateFrames },
  jitter: new Histogram(),
  onsetToStop: new Histogram(),
  decisionToStop: new Histogram(),
  decisionToSend: new Histogram(),
});

test('a percentile whose samples come in bursts is known less well than one of as many even samples', () => {
  const even = Array.from({ length: 20 }, () => histogramOf(Array.from({ length: 200 }, (_, at) => at / 20)));
  const bursty = Array.from({ length: 20 }, (_, stretch) =>
    histogramOf(Array.from({ length: 200 }, (_unused, at) => (at / 20) * (stretch % 10 === 0 ? 5 : 0.5))),
  );
  const spreadOf = (stretches: readonly Histogram[]) => {
    const measured = percentileOf(stretches, 0.99);
    assert.ok('value' in measured && measured.low <= measured.value && measured.value <= measured.high);
    return (measured.high - measured.low) / measured.value;
  };
  assert.ok(spreadOf(even) < 0.02, String(spreadOf(even)));
  assert.ok(spreadOf(bursty) > 0.1, String(spreadOf(bursty)));
});

test('a percentile of too few samples has no upper bound, and the longest never has one', () => {
  const few = [histogramOf([1, 2, 3, 4]), histogramOf([5, 6, 7, 8])];
  const p95 = percentileOf(few, 0.95);
  assert.ok('open' in p95 && p95.open === 'above' && p95.n === 8);
  const longest = percentileOf(Array.from({ length: 8 }, (_, at) => histogramOf([0, at + 1])), 1); // biome-ignore format: one figure
  assert.ok('open' in longest && longest.value === 8 && longest.low === 3 && longest.open === 'above');
  assert.deepEqual(percentileOf([new Histogram()], 0.5), { none: 'no samples' });
});

test('counts that differ between stretches by more than chance have a wider spread than single events', () => {
  const even = countOf([25, 26, 24, 25].map(stretchOf), 'lateFrames');
  const bursty = countOf([0, 0, 99, 1].map(stretchOf), 'lateFrames');
  assert.ok(even.value === 100 && even.low > 80 && even.high < 123, `${even.low} – ${even.high}`);
  assert.ok(bursty.value === 100 && bursty.low === 0 && bursty.high > 200, `${bursty.low} – ${bursty.high}`);
  const none = countOf([0, 0, 0].map(stretchOf), 'lateFrames');
  assert.ok(none.low === 0 && none.high > 3.6 && none.high < 3.8);
});

test('a sum of something else than events has the spread of its stretches alone', () => {
  assert.deepEqual(sumOf([0, 0, 0]), { value: 0, low: 0, high: 0, n: 3 });
  assert.deepEqual(sumOf([20, 20]), { value: 40, low: 40, high: 40, n: 2 });
});
