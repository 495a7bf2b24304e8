import type { Plot, Series } from '../../row.ts';
import type { Axis } from './axis.ts';
import { along, type Frame, round, text } from './plot-svg.ts';

export interface MarksOptions {
  readonly kind: Plot['kind'];
  readonly series: readonly Series[];
  /** The colour of each series. */
  readonly colours: readonly number[];
  readonly frame: Frame;
  /** Missing where the plot has bars: they stand side by side. */
  readonly x: Axis | undefined;
  readonly y: Axis;
}

/** A line with no more points than these shows each as a dot. */
const MOST_DOTS = 24;
/** More points than the picture has room for only make the file long. */
const MOST_POINTS = 600;
const POINT_SIZE = 6;

/** What a plot is about: its lines, steps or bars. */
export function marksOf(options: MarksOptions): string {
  return options.x === undefined ? bars(options) : lines(options, options.x);
}

function lines({ kind, series, colours, frame, y }: MarksOptions, x: Axis): string {
  const drawn = series.map(({ points, marks }, at) => {
    // A curve goes as it is given: it may turn back. A distribution rises.
    const placed = thinned(kind === 'cdf' ? points.toSorted(([a], [b]) => a - b) : points).map(
      ([px, py]) => [along(x, px, frame.left, frame.right), along(y, py, frame.bottom, frame.top)] as const,
    );
    const [first] = placed;
    const parts = first && placed.length === 1 ? pointMark(at, ...first) : curve(kind, placed, marks);
    return { isPoint: placed.length === 1, svg: `<g class="s${colours[at]}">${parts}</g>` };
  });
  // Points lie upon the curves, or these would hide them.
  return drawn
    .toSorted((a, b) => Number(a.isPoint) - Number(b.isPoint))
    .map(({ svg }) => svg)
    .join('\n');
}

function curve(kind: Plot['kind'], placed: readonly (readonly [number, number])[], marks: Series['marks']): string {
  const path = placed.map(([px, py], index) => {
    if (index === 0) return `M${px} ${py}`;
    return kind === 'cdf' ? `H${px}V${py}` : `L${px} ${py}`;
  });
  const dots = kind === 'line' && placed.length <= MOST_DOTS ? placed : [];
  return [
    `<path class="stroke" d="${path.join('')}"/>`,
    ...dots.map(([px, py]) => `<circle class="fill" cx="${px}" cy="${py}" r="3"/>`),
    ...placed.map(([px, py], index) => (marks?.[index] ? text(px + 7, py - 6, marks[index], 'start') : '')),
  ].join('');
}

/** A single measured point: of another shape for each series, as several may lie upon each other. */
export function pointMark(series: number, x: number, y: number, size = POINT_SIZE): string {
  const at = (corners: readonly (readonly [number, number])[]) =>
    corners.map(([dx, dy]) => `${round(x + size * dx)},${round(y + size * dy)}`).join(' ');
  const corners = CORNERS[series % CORNERS.length];
  return corners ? `<polygon class="point" points="${at(corners)}"/>` : '';
}

/** Diamond, square, triangle, and the triangle that stands on its head. */
const CORNERS: readonly (readonly (readonly [number, number])[])[] = [
  [
    [0, -1.2],
    [1.2, 0],
    [0, 1.2],
    [-1.2, 0],
  ],
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.2],
    [1.1, 0.8],
    [-1.1, 0.8],
  ],
  [
    [0, 1.2],
    [1.1, -0.8],
    [-1.1, -0.8],
  ],
];

/** One group for each x that occurs, in it one bar for each series. */
function bars({ series, colours, frame, y }: MarksOptions): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
  const groupWidth = (frame.right - frame.left) / Math.max(1, xs.length);
  const barWidth = Math.min(56, (groupWidth * 0.72) / Math.max(1, series.length));
  const zero = along(y, Math.max(0, y.low), frame.bottom, frame.top);
  const labels = xs.map((x, group) =>
    text(frame.left + (group + 0.5) * groupWidth, frame.bottom + 18, String(x), 'middle'),
  );
  const drawn = series.map(({ points }, at) => {
    const rects = points.map(([x, value]) => {
      const centre = frame.left + (xs.indexOf(x) + 0.5) * groupWidth;
      const left = round(centre + (at - series.length / 2) * barWidth + 1);
      const top = along(y, value, frame.bottom, frame.top);
      const height = round(Math.abs(zero - top));
      return `<rect class="fill" x="${left}" y="${Math.min(top, zero)}" width="${round(barWidth - 2)}" height="${height}" rx="2"/>`;
    });
    return `<g class="s${colours[at]}">${rects.join('')}</g>`;
  });
  return [...drawn, ...labels].join('\n');
}

/** Evenly chosen points, the first and the last among them. */
function thinned(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, at) => points[Math.round(at * step)] ?? [0, 0]);
}
