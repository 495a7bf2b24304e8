import type { Line, Measure, Subject } from '../row.ts';
import { SUBJECTS } from './run-report.ts';

export type Verdict = 'met' | 'missed' | 'unknown';

const TARGET = /^\s*(≤|<=|<|≥|>=|>|=)?\s*(.+?)\s*$/;

/**
 * Whether Parley's figure meets the line's target. Understood: a comparison and a number ('≤ 5', '0'), or a comparison
 * and another subject of the same line ('≤ livekit-default'). A bare number is met when it is reached from the better
 * side. Anything else, and a line without a figure, is `unknown`: a target is never called met by guess.
 */
export function verdict(line: Line): Verdict {
  const own = measureOf(line, 'parley')?.value;
  const [, comparison, bound = ''] = TARGET.exec(line.target ?? '') ?? [];
  const limit = boundOf(line, bound);
  if (own === undefined || limit === undefined) return 'unknown';
  return holds(comparison ?? (line.better === 'lower' ? '≤' : '≥'), own, limit) ? 'met' : 'missed';
}

/**
 * Whether the verdict is the figure's alone: its spread reaches over to the other side of the target, or into the spread
 * of the subject that it is compared with, and a like run might find otherwise. Never of a target that must be met
 * exactly ('= 0'): there what was seen is what is asked for.
 */
export function isWithinSpread(line: Line): boolean {
  const own = measureOf(line, 'parley');
  const [, comparison, bound = ''] = TARGET.exec(line.target ?? '') ?? [];
  const limit = boundOf(line, bound);
  const peer = SUBJECTS.find((name) => name === bound);
  if (own === undefined || limit === undefined || comparison === '=' || (limit === 0 && !peer)) return false;
  const [from, to] = reach(own);
  const [low, high] = reach((peer && measureOf(line, peer)) ?? { low: limit, high: limit });
  return from <= high && low <= to;
}

/** How far a spread goes; without end where nothing bounds it. */
function reach({ low, high, open }: Pick<Measure, 'low' | 'high' | 'open'>): readonly [number, number] {
  return [open === 'both' ? Number.NEGATIVE_INFINITY : low, open ? Number.POSITIVE_INFINITY : high];
}

function boundOf(line: Line, bound: string): number | undefined {
  const subject = SUBJECTS.find((name) => name === bound);
  if (subject) return measureOf(line, subject)?.value;
  const withoutUnit = line.unit !== '' && bound.endsWith(line.unit) ? bound.slice(0, -line.unit.length) : bound;
  const number = withoutUnit.replace(/[\s\u202f,]/g, '');
  return number !== '' && Number.isFinite(Number(number)) ? Number(number) : undefined;
}

function holds(comparison: string, own: number, limit: number): boolean {
  switch (comparison) {
    case '<':
      return own < limit;
    case '>':
      return own > limit;
    case '=':
      return own === limit;
    case '≥':
    case '>=':
      return own >= limit;
    default:
      return own <= limit;
  }
}

function measureOf(line: Line, subject: Subject): Measure | undefined {
  const result = line.results[subject];
  return result && 'value' in result ? result : undefined;
}
