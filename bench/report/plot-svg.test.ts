import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cdf } from '../statistics.ts';
import { niceAxis, plotSvg } from './plot-svg.ts';
import type { Plot } from './run-report.ts';

const plot: Plot = {
  file: 'delay.svg',
  title: 'Delay <of> "calls" & turns',
  xLabel: 'ms',
  yLabel: 'share',
  kind: 'line',
  series: [{ name: 'Parley', points: [[100, 1], [200, 2]], marks: ['', 'far & wide'] }, { name: 'Peer', points: [[5, 6]] }], // biome-ignore format: points read better in a row
};

test('an axis begins and ends on a tick, holds all values, and its ticks are round and evenly apart', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.integer({ min: 2, max: 9 }),
      (low, spread, count) => {
        const axis = niceAxis(low, low + spread, count);
        const slack = spread * 1e-6;
        assert.ok(axis.low <= low + slack && axis.high >= low + spread - slack);
        assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 2 * count + 3, `${axis.ticks.length} ticks`);
      },
    ),
  );
  const labels = (low: number, high: number) => {
    const axis = niceAxis(low, high, 5);
    return axis.ticks.map(axis.label);
  };
  assert.deepEqual(labels(0, 1), ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']);
  assert.deepEqual(labels(130, 480), ['0', '100', '200', '300', '400', '500']);
});

test('a plot names its title, axes and series, and lets none of them break the picture', () => {
  const svg = plotSvg(plot);
  assert.match(svg, /Delay &lt;of&gt; &quot;calls&quot; &amp; turns/);
  for (const words of ['>ms<', '>share<', '>Parley<', '>Peer<', '>far &amp; wide<', '>0<'])
    assert.ok(svg.includes(words), words);
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('a plot without a point, with a single one, and with a distribution, are pictures of a sane size', () => {
  const many = cdf(Array.from({ length: 20_000 }, (_, at) => at));
  for (const kind of ['line', 'cdf'] as const) {
    for (const points of [[], [[5, 0.5]], many] as [number, number][][]) {
      const svg = plotSvg({ ...plot, kind, series: [{ name: 'Parley', points }] });
      assert.doesNotMatch(svg, /NaN|Infinity/, kind);
      assert.ok(svg.length < 30_000, String(svg.length));
    }
  }
});
