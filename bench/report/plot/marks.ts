import type { Plot } from '../../row.ts';
import type { Axis } from './axis.ts';
import { along, type Frame, round, text } from './plot-svg.ts';

export interface MarksOptions {
  readonly kind: Plot['kind'];
  readonly series: Plot['series'];
  readonly frame: Frame;
  /** Missing where the plot has bars: they stand side by side. */
  readonly x: Axis | undefined;
  readonly y: Axis;
}

/** A line with no more points than these shows each as a dot. */
const MOST_DOTS = 24;
/** More points than the picture has room for only make the file long. */
const MOST_POINTS = 600;
const COLOURS = 5;

/** What a plot is about: its lines, steps or bars. */
export function marksOf(options: MarksOptions): string {
  return options.x === undefined ? bars(options) : lines(options, options.x);
}

function lines({ kind, series, frame, y }: MarksOptions, x: Axis): string {
  return series
    .map(({ points }, at) => {
      const placed = thinned(points.toSorted(([a], [b]) => a - b)).map(
        ([px, py]) => [along(x, px, frame.left, frame.right), along(y, py, frame.bottom, frame.top)] as const,
      );
      const path = placed.map(([px, py], index) => {
        if (index === 0) return `M${px} ${py}`;
        return kind === 'cdf' ? `H${px}V${py}` : `L${px} ${py}`;
      });
      const dots =
        kind === 'line' && placed.length <= MOST_DOTS
          ? placed
              .map(([px, py]) => `<circle class="fill" cx="${px}" cy="${py}" r="${placed.length === 1 ? 5 : 3}"/>`)
              .join('')
          : '';
      return `<g class="s${at % COLOURS}"><path class="stroke" d="${path.join('')}"/>${dots}</g>`;
    })
    .join('\n');
}

/** One group for each x that occurs, in it one bar for each series. */
function bars({ series, frame, y }: MarksOptions): string {
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
    return `<g class="s${at % COLOURS}">${rects.join('')}</g>`;
  });
  return [...drawn, ...labels].join('\n');
}

/** Evenly chosen points, the first and the last among them. */
function thinned(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, at) => points[Math.round(at * step)] ?? [0, 0]);
}
