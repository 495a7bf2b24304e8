import type { Subject } from '../row.ts';
import { figure, labelOf, measured } from './figures.ts';
import { type ReportedLine, type RowReport, type RunReport, SUBJECT_TITLES, SUBJECTS } from './run-report.ts';

export interface Comparison {
  readonly row: string;
  readonly label: string;
  readonly subject: Subject;
  readonly agrees: boolean;
  /** Both figures, or what is missing. */
  readonly detail: string;
}

/**
 * Line by line, whether two runs agree: the spreads that they state must overlap. A figure without a spread agrees with
 * what reads the same. Rows that only one of the runs holds are left out; lines that only one holds do not agree.
 */
export function compareRuns(earlier: RunReport, now: RunReport): Comparison[] {
  return now.rows.flatMap((row) => {
    const before = earlier.rows.find(({ name }) => name === row.name);
    return before ? compareRows(before, row) : [];
  });
}

function compareRows(before: RowReport, now: RowReport): Comparison[] {
  const old = linesOf(before);
  const labels = new Set([...old.keys(), ...linesOf(now).keys()]);
  return [...labels].flatMap((label) => {
    const pair = [old.get(label), linesOf(now).get(label)] as const;
    const subjects = SUBJECTS.filter((subject) => pair.some((line) => line?.results[subject] !== undefined));
    return subjects.map((subject) => ({ row: now.name, label, subject, ...compareCells(subject, ...pair) }));
  });
}

function compareCells(
  subject: Subject,
  before: ReportedLine | undefined,
  now: ReportedLine | undefined,
): Pick<Comparison, 'agrees' | 'detail'> {
  const [a, b] = [before?.results[subject], now?.results[subject]];
  if (a && b && 'value' in a && 'value' in b) {
    const overlap = a.low <= b.high && b.low <= a.high;
    return {
      agrees: overlap || figure(a.value) === figure(b.value),
      detail: `${measured(a)} before, ${measured(b)} now`,
    };
  }
  const text = (result: typeof a) =>
    !result ? 'nothing' : 'none' in result ? `none: ${result.none}` : measured(result);
  const bothNone = a !== undefined && b !== undefined && 'none' in a && 'none' in b;
  return { agrees: bothNone, detail: `${text(a)} before, ${text(b)} now` };
}

function linesOf(row: RowReport): Map<string, ReportedLine> {
  if (row.outcome.type === 'failed') return new Map();
  return new Map(row.outcome.lines.map((line) => [labelOf(line), line]));
}

/** For a terminal: what differs first, then how much agrees. */
export function comparisonText(comparisons: readonly Comparison[]): string {
  const lines = comparisons
    .toSorted((a, b) => Number(a.agrees) - Number(b.agrees))
    .map(({ row, label, subject, agrees, detail }) => {
      return `  ${agrees ? 'agrees ' : 'DIFFERS'}  ${row}: ${label}, ${SUBJECT_TITLES[subject]}: ${detail}`;
    });
  const agreeing = comparisons.filter(({ agrees }) => agrees).length;
  return [...lines, `${agreeing} of ${comparisons.length} figures agree within the spreads stated.`].join('\n');
}
