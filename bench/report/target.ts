import type { Line, Subject } from '../row.ts';
import { SUBJECTS } from './run-report.ts';

export type Verdict = 'met' | 'missed' | 'unknown';

const TARGET = /^\s*(≤|<=|<|≥|>=|>|=)?\s*(.+?)\s*$/;

/**
 * Whether Parley's figure meets the line's target. Understood: a comparison and a number ('≤ 5', '0'), or a comparison
 * and another subject of the same line ('≤ livekit-default'). A bare number is met when it is reached from the better
 * side. Anything else, and a line without a figure, is `unknown`: a target is never called met by guess.
 */
export function verdict(line: Line): Verdict {
  const own = figureOf(line, 'parley');
  const [, comparison, bound = ''] = TARGET.exec(line.target ?? '') ?? [];
  const limit = boundOf(line, bound);
  if (own === undefined || limit === undefined) return 'unknown';
  return holds(comparison ?? (line.better === 'lower' ? '≤' : '≥'), own, limit) ? 'met' : 'missed';
}

function boundOf(line: Line, bound: string): number | undefined {
  const subject = SUBJECTS.find((name) => name === bound);
  if (subject) return figureOf(line, subject);
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

function figureOf(line: Line, subject: Subject): number | undefined {
  const result = line.results[subject];
  return result && 'value' in result ? result.value : undefined;
}
