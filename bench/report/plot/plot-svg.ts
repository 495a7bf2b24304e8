import type { Plot, Series } from '../../row.ts';
import { type Axis, niceAxis } from './axis.ts';
import { marksOf, pointMark } from './marks.ts';

/** Where the axes stand in the picture, in its own units. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const WIDTH = 760;
const HEIGHT = 420;
const SIDE = 24;
const TITLE_AT = 34;
const LEGEND_AT = 60;
const LEGEND_ROW = 20;
const X_TICKS = 7;
const Y_TICKS = 5;
/** The width of a letter at 12 px, on average and rather too much than too little. */
const LETTER = 6.3;

/** Colours that differ in lightness too, in this order; told apart with any common colour blindness (Okabe and Ito). */
const SERIES_COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#0969b8', dark: '#58a6ff' },
  { light: '#d1630f', dark: '#f0a04b' },
  { light: '#0f8a6a', dark: '#3fc7a0' },
  { light: '#a0478c', dark: '#d98cc8' },
  { light: '#6e7781', dark: '#9aa4ae' },
];

const STYLE = `
  .ground { fill: #ffffff; stroke: #d0d7de }
  .grid { stroke: #e6eaee }
  .axis { stroke: #8c959f }
  text { fill: #57606a; font: 12px ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { fill: #1f2328; font-size: 15px; font-weight: 600 }
  .legend { fill: #1f2328 }
${SERIES_COLOURS.map(({ light }, at) => `  .s${at} { --colour: ${light} }`).join('\n')}
  .stroke { stroke: var(--colour); fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
  .fill { fill: var(--colour) }
  .point { fill: var(--colour); stroke: #ffffff; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #30363d }
    .grid { stroke: #21262d }
    .point { stroke: #0d1117 }
    .axis { stroke: #6e7681 }
    text { fill: #9198a1 }
    .title, .legend { fill: #e6edf3 }
${SERIES_COLOURS.map(({ dark }, at) => `    .s${at} { --colour: ${dark} }`).join('\n')}
  }
`;

/**
 * Draws a plot as an SVG that stands by itself, on a ground of its own, light or dark as the reader's system is. The
 * upright axis begins at zero, so that a tenth does not look like a half.
 */
export function plotSvg(plot: Plot): string {
  const series = plot.series.filter(({ points }) => points.length > 0);
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const y = plot.kind === 'cdf' ? niceAxis(0, 1, Y_TICKS) : niceAxis(Math.min(0, ...ys), most(ys), Y_TICKS);
  const x = plot.kind === 'bar' ? undefined : niceAxis(least(xs), most(xs), X_TICKS);
  const colours = series.map((one) => colourOf(one, series));
  const legend = legendOf(series, colours);
  const widestTick = Math.max(...y.ticks.map((tick) => y.label(tick).length)) * LETTER;
  const frame: Frame = {
    left: SIDE + 22 + widestTick,
    right: WIDTH - SIDE - 8,
    top: LEGEND_AT + legend.rows * LEGEND_ROW + 2,
    bottom: HEIGHT - 62,
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(plot.title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`,
    `<text class="title" x="${SIDE}" y="${TITLE_AT}">${escaped(plot.title)}</text>`,
    legend.svg,
    yAxisSvg(y, frame),
    ...(x ? [xAxisSvg(x, frame)] : []),
    marksOf({ kind: plot.kind, series, colours, frame, x, y }),
    `<path class="axis" d="M${frame.left} ${frame.bottom}H${frame.right}" fill="none"/>`,
    text((frame.left + frame.right) / 2, HEIGHT - 20, plot.xLabel, 'middle'),
    `<text transform="translate(${SIDE} ${(frame.top + frame.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.yLabel)}</text>`,
    '</svg>\n',
  ].join('\n');
}

/** A length in the picture: `value` on an axis that runs from one end of the frame to the other. */
export function along({ low, high }: Axis, value: number, from: number, to: number): number {
  return round(from + ((value - low) / (high - low)) * (to - from));
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

export function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function least(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.min(...values);
}

function most(values: readonly number[]): number {
  return values.length === 0 ? 1 : Math.max(...values);
}

function yAxisSvg(axis: Axis, { left, right, top, bottom }: Frame): string {
  return axis.ticks
    .map((tick) => {
      const at = along(axis, tick, bottom, top);
      return `<path class="grid" d="M${round(left)} ${at}H${right}"/>${text(left - 8, at + 4, axis.label(tick), 'end')}`;
    })
    .join('\n');
}

function xAxisSvg(axis: Axis, { left, right, top, bottom }: Frame): string {
  return axis.ticks
    .map((tick) => {
      const at = along(axis, tick, left, right);
      return `<path class="grid" d="M${at} ${top}V${bottom}"/>${text(at, bottom + 18, axis.label(tick), 'middle')}`;
    })
    .join('\n');
}

function colourOf({ name, colourOf }: Series, series: readonly Series[]): number {
  const at = series.findIndex((one) => one.name === (colourOf ?? name));
  return Math.max(0, at) % SERIES_COLOURS.length;
}

function legendOf(
  series: readonly Series[],
  colours: readonly number[],
): { readonly svg: string; readonly rows: number } {
  let x = SIDE;
  let row = 0;
  const parts = series.map(({ name, points }, at) => {
    const width = 26 + name.length * LETTER + 18;
    if (x > SIDE && x + width > WIDTH - SIDE) {
      x = SIDE;
      row += 1;
    }
    const y = LEGEND_AT + row * LEGEND_ROW;
    const sign =
      points.length === 1
        ? pointMark(at, round(x + 8), y - 4.5, 5)
        : `<rect class="fill" x="${round(x)}" y="${y - 7}" width="16" height="4" rx="2"/>`;
    const part = `<g class="s${colours[at]}">${sign}<text class="legend" x="${round(x + 22)}" y="${y}">${escaped(name)}</text></g>`;
    x += width;
    return part;
  });
  return { svg: parts.join('\n'), rows: row + 1 };
}
