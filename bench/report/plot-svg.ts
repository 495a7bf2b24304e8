import type { Plot, Series } from './run-report.ts';

const [WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM] = [760, 420, 82, 728, 358];
const LEGEND_ROW = 20;
/** The width of a letter at 12 px, on average and rather too much than too little. */
const LETTER = 6.3;
/** A line with no more points than these shows each as a dot. */
const MOST_DOTS = 24;

/** Told apart with any common colour blindness (Okabe and Ito), light and dark. */
const COLOURS = ['#0969b8 #58a6ff', '#d1630f #f0a04b', '#0f8a6a #3fc7a0', '#a0478c #d98cc8', '#6e7781 #9aa4ae'];
const coloured = (which: 0 | 1) =>
  COLOURS.map((pair, at) => `.s${at} { --colour: ${pair.split(' ')[which]} }`).join(' ');
const STYLE = `
  .ground { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #e6eaee } .axis { stroke: #8c959f }
  text { fill: #57606a; font: 12px ui-sans-serif, system-ui, sans-serif } ${coloured(0)}
  .title { fill: #1f2328; font-size: 15px; font-weight: 600 }
  .stroke { stroke: var(--colour); fill: none; stroke-width: 2 } .fill { fill: var(--colour) }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #30363d } .grid { stroke: #21262d } .axis { stroke: #6e7681 }
    text { fill: #9198a1 } .title { fill: #e6edf3 } ${coloured(1)}
  }
`;

/** Draws a plot as an SVG that stands by itself, light or dark as the reader's system is. The upright axis begins at 0. */
export function plotSvg(plot: Plot): string {
  const series = plot.series.filter(({ points }) => points.length > 0);
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y));
  const x = niceAxis(
    xs.reduce((a, b) => Math.min(a, b), xs[0] ?? 0),
    xs.reduce((a, b) => Math.max(a, b), xs[0] ?? 1),
    7,
  );
  const y = niceAxis(0, plot.kind === 'cdf' ? 1 : ys.reduce((a, b) => Math.max(a, b), 0), 5);
  const legend = legendOf(series);
  const top = 62 + legend.rows * LEGEND_ROW;
  const px = (value: number) => round(LEFT + ((value - x.low) / (x.high - x.low)) * (RIGHT - LEFT));
  const py = (value: number) => round(BOTTOM + ((value - y.low) / (y.high - y.low)) * (top - BOTTOM));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(plot.title)}">`,
    `<style>${STYLE}</style><rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`,
    `<text class="title" x="24" y="34">${escaped(plot.title)}</text>`,
    legend.svg,
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT} ${py(tick)}H${RIGHT}"/>${text(LEFT - 8, py(tick) + 4, y.label(tick), 'end')}`,
    ),
    ...x.ticks.map(
      (tick) => `<path class="grid" d="M${px(tick)} ${top}V${BOTTOM}"/>${text(px(tick), BOTTOM + 18, x.label(tick))}`,
    ),
    `<path class="axis" d="M${LEFT} ${BOTTOM}H${RIGHT}" fill="none"/>`,
    ...series.map((one, at) => `<g class="s${at % COLOURS.length}">${drawn(one, plot.kind, px, py)}</g>`),
    text((LEFT + RIGHT) / 2, HEIGHT - 20, plot.xLabel),
    `<text transform="translate(24 ${(top + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.yLabel)}</text>`,
    '</svg>\n',
  ].join('\n');
}

function drawn({ points, marks }: Series, kind: Plot['kind'], px: (x: number) => number, py: (y: number) => number) {
  // A curve goes as it is given: it may turn back. A distribution rises.
  const ordered = kind === 'cdf' ? points.toSorted(([a], [b]) => a - b) : points;
  const placed = ordered.map(([x, y]) => [px(x), py(y)] as const);
  const path = placed.map(([x, y], at) => (at === 0 ? `M${x} ${y}` : kind === 'cdf' ? `H${x}V${y}` : `L${x} ${y}`));
  const radius = placed.length === 1 ? 6 : 3;
  const dots = placed.length === 1 || (kind === 'line' && placed.length <= MOST_DOTS) ? placed : [];
  return [
    `<path class="stroke" d="${path.join('')}"/>`,
    ...dots.map(([x, y]) => `<circle class="fill" cx="${x}" cy="${y}" r="${radius}"/>`),
    ...placed.map(([x, y], at) => (marks?.[at] ? text(x + 7, y - 6, marks[at], 'start') : '')),
  ].join('');
}

/** An axis that shows `low`..`high` with about `count` ticks, all round numbers; it begins and ends on one. */
export function niceAxis(low: number, high: number, count: number) {
  // Where the values come near to zero it begins there, so that lengths can be compared.
  const from = low > 0 && low < (high - low) / 2 ? 0 : low;
  const least = (high - from || Math.abs(high) || 1) / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 2.5, 5].find((nice) => nice * power >= least * (1 - 1e-9)) ?? 10);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
  const decimals = Math.max(...ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
  const label = (tick: number) => tick.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\..*)/g, '\u202f');
  return { low: first * step, high: last * step, ticks, label };
}

function legendOf(series: readonly Series[]): { readonly svg: string; readonly rows: number } {
  let [x, row] = [24, 0];
  const parts = series.map(({ name }, at) => {
    const width = 26 + name.length * LETTER + 18;
    if (x > 24 && x + width > RIGHT) [x, row] = [24, row + 1];
    const y = 60 + row * LEGEND_ROW;
    const sign = `<rect class="fill" x="${round(x)}" y="${y - 7}" width="16" height="4" rx="2"/>`;
    const part = `<g class="s${at % COLOURS.length}">${sign}${text(x + 22, y, name, 'start')}</g>`;
    x += width;
    return part;
  });
  return { svg: parts.join('\n'), rows: row + 1 };
}

const round = (value: number): number => Math.round(value * 10) / 10;
const text = (x: number, y: number, words: string, anchor = 'middle'): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
const escaped = (words: string): string =>
  words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
