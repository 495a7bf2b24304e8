import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Plot } from '../../row.ts';
import { niceAxis } from './axis.ts';
import { plotSvg } from './plot-svg.ts';

const plot: Plot = {
  file: 'delay.svg',
  title: 'Delay <of> "calls" & turns',
  xLabel: 'ms',
  yLabel: 'share',
  kind: 'line',
  series: [
    { name: 'Parley', points: [[100, 1], [200, 2]] }, // biome-ignore format: points read better in a row
    { name: 'Peer', points: [[100, 2], [200, 4]] }, // biome-ignore format: points read better in a row
  ],
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
        assert.equal(axis.ticks[0], axis.low);
        assert.equal(axis.ticks.at(-1), axis.high);
        assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 2 * count + 3, `${axis.ticks.length} ticks`);
      },
    ),
  );
});

test('ticks are the numbers that a person would choose, written with as many decimals as they need', () => {
  const labels = (low: number, high: number, count: number) => {
    const axis = niceAxis(low, high, count);
    return axis.ticks.map((tick) => axis.label(tick));
  };
  assert.deepEqual(labels(0, 1, 5), ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']);
  assert.deepEqual(labels(130, 480, 5), ['0', '100', '200', '300', '400', '500']);
  assert.deepEqual(labels(0, 12_000, 3), ['0', '5\u202f000', '10\u202f000', '15\u202f000']);
  assert.deepEqual(labels(7, 7, 4).length >= 2, true);
});

test('a plot names its title, axes and series, and lets none of them break the picture', () => {
  const svg = plotSvg(plot);
  assert.match(svg, /Delay &lt;of&gt; &quot;calls&quot; &amp; turns/);
  for (const words of ['>ms<', '>share<', '>Parley<', '>Peer<']) assert.ok(svg.includes(words), words);
  assert.equal(svg.match(/<path class="stroke"/g)?.length, 2);
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('the upright axis of lines and bars begins at zero', () => {
  for (const kind of ['line', 'bar'] as const) {
    const svg = plotSvg({ ...plot, kind, series: [{ name: 'heap', points: [[1, 21.2], [2, 21.6]] }] }); // biome-ignore format: points read better in a row
    assert.match(svg, />0</);
  }
});

test('a bar is drawn for every point, twice as high for twice the value', () => {
  const svg = plotSvg({ ...plot, kind: 'bar' });
  const heights = [...svg.matchAll(/<rect class="fill"[^>]* height="([\d.]+)" rx="2"/g)].map((match) =>
    Number(match[1]),
  );
  const [one = 0, two = 0, , four = 0] = heights.filter((height) => height > 4);
  assert.ok(Math.abs(two / one - 2) < 0.01 && Math.abs(four / one - 4) < 0.01, heights.join());
});

test('a plot without a point, and one with a single one, are still pictures', () => {
  for (const kind of ['line', 'cdf', 'bar'] as const) {
    for (const points of [[], [[5, 0.5]]] as const) {
      const svg = plotSvg({ ...plot, kind, series: [{ name: 'Parley', points }] });
      assert.doesNotMatch(svg, /NaN|Infinity/, kind);
    }
  }
});

test('single points lie upon the curves, each with a shape of its own, and share a colour where they are told to', () => {
  const series = [
    { name: 'measured', points: [[3, 4]] },
    { name: 'another', points: [[5, 6]] },
    { name: 'curve', points: [[1, 2], [9, 9], [4, 5]], marks: ['', 'far & wide', ''], colourOf: 'measured' },
  ] as const; // biome-ignore format: points read better in a row
  const svg = plotSvg({ ...plot, series });
  const drawn = svg.slice(svg.lastIndexOf('class="grid"'));
  assert.ok(drawn.indexOf('class="stroke"') < drawn.indexOf('class="point"'));
  const shapes = [...drawn.matchAll(/points="([^"]*)"/g)].map((match) => match[1]?.split(' ').length);
  assert.deepEqual(shapes, [4, 4]);
  assert.match(drawn, /<g class="s0"><path class="stroke" d="M[\d. ]+L[\d. ]+L/);
  assert.match(drawn, />far &amp; wide</);
  const [, , middle = 0, last = 0] = [...(/M([\d.]+) [\d.]+L([\d.]+) [\d.]+L([\d.]+)/.exec(drawn) ?? [])].map(Number);
  assert.ok(last < middle, 'a curve may turn back');
});

test('a long series is thinned to what a picture can show, its ends kept', () => {
  const points = Array.from({ length: 20_000 }, (_, at) => [at, at / 20_000] as const);
  const svg = plotSvg({ ...plot, kind: 'cdf', series: [{ name: 'Parley', points }] });
  assert.ok(svg.length < 30_000, String(svg.length));
});
