import { NO_SAMPLES } from '../harness/statistics.ts';
import type { Subject } from '../row.ts';
import { figure, labelOf, machineText, measured } from './figures.ts';
import {
  type Environment,
  type ReportedLine,
  type RowReport,
  type RunReport,
  SUBJECT_TITLES,
  SUBJECTS,
} from './run-report.ts';

export interface RowComparison {
  readonly row: string;
  readonly figures: readonly Comparison[];
  /** What was otherwise in the two runs besides the figures: the code, the machine, what else it did. */
  readonly circumstances: readonly string[];
}

/** `untold`: apart, but one of the two is of so few samples, or of a single reading, that it bounds nothing. */
export type Agreement = 'agrees' | 'untold' | 'differs';

export interface Comparison {
  readonly label: string;
  readonly subject: Subject;
  readonly verdict: Agreement;
  /** Both figures, or what is missing. */
  readonly detail: string;
}

/**
 * Line by line, whether two runs agree: the spreads that they state must overlap. A figure without a spread agrees with
 * what reads the same. Rows that only one of the runs holds are left out; lines that only one holds do not agree.
 */
export function compareRuns(earlier: RunReport, now: RunReport): RowComparison[] {
  return now.rows.flatMap((row) => {
    const before = earlier.rows.find(({ name }) => name === row.name);
    if (!before) return [];
    return [{ row: row.name, figures: compareFigures(before, row), circumstances: circumstancesOf(before, row) }];
  });
}

function compareFigures(before: RowReport, now: RowReport): Comparison[] {
  const old = linesOf(before);
  const labels = new Set([...old.keys(), ...linesOf(now).keys()]);
  return [...labels].flatMap((label) => {
    const pair = [old.get(label), linesOf(now).get(label)] as const;
    const subjects = SUBJECTS.filter((subject) => pair.some((line) => line?.results[subject] !== undefined));
    return subjects.map((subject) => ({ label, subject, ...compareCells(subject, ...pair) }));
  });
}

function compareCells(
  subject: Subject,
  before: ReportedLine | undefined,
  now: ReportedLine | undefined,
): Pick<Comparison, 'verdict' | 'detail'> {
  const [a, b] = [before?.results[subject], now?.results[subject]];
  return { verdict: verdictOf(a, b), detail: `${textOf(a)} before, ${textOf(b)} now` };
}

function verdictOf(a: Result, b: Result): Agreement {
  if (a === undefined || b === undefined) return 'differs';
  if ('value' in a && 'value' in b) {
    const overlap = a.low <= b.high && b.low <= a.high;
    if (overlap || figure(a.value) === figure(b.value)) return 'agrees';
    return sawFew(a) || sawFew(b) ? 'untold' : 'differs';
  }
  if ('none' in a && 'none' in b) return 'agrees';
  return (sawNone(a) && sawFew(b)) || (sawFew(a) && sawNone(b)) ? 'untold' : 'differs';
}

function textOf(result: Result): string {
  if (result === undefined) return 'nothing';
  return 'none' in result ? `none: ${result.none}` : measured(result);
}

type Result = ReportedLine['results'][Subject];

/** What is seen fewer than six times in one run may well not be seen at all in a like one. */
const sawNone = (result: Result): boolean => result !== undefined && 'none' in result && result.none === NO_SAMPLES;
const sawFew = (result: Result): boolean => result !== undefined && 'open' in result && result.open === 'both';

function linesOf(row: RowReport): Map<string, ReportedLine> {
  if (row.outcome.type === 'failed') return new Map();
  return new Map(row.outcome.lines.map((line) => [labelOf(line), line]));
}

const CIRCUMSTANCES = [
  'commit',
  'seed',
  'cpu',
  'cores',
  'os',
  'node',
] as const satisfies readonly (keyof Environment)[];

function circumstancesOf(before: RowReport, now: RowReport): string[] {
  const others = CIRCUMSTANCES.filter((key) => before.environment[key] !== now.environment[key]);
  const told = ({ machine }: RowReport) => (machine ? machineText(machine) : 'nothing is known of it');
  return [
    ...others.map((key) => `${key}: ${before.environment[key]} before, ${now.environment[key]} now`),
    ...(before.machine || now.machine ? [`machine before: ${told(before)}`, `machine now: ${told(now)}`] : []),
  ];
}

const WORDS: Readonly<Record<Agreement, string>> = { agrees: 'agrees ', untold: 'too few', differs: 'DIFFERS' };

/** For a terminal: what agrees, what cannot be told, and last what differs, with what else was otherwise in its row. */
export function comparisonText(rows: readonly RowComparison[]): string {
  const part = (wanted: Agreement) =>
    rows.flatMap(({ row, figures, circumstances }) => {
      const some = figures.filter(({ verdict }) => verdict === wanted);
      const lines = some.map(
        ({ label, subject, detail }) => `    ${WORDS[wanted]}  ${label}, ${SUBJECT_TITLES[subject]}: ${detail}`,
      );
      const others = wanted === 'differs' ? circumstances.map((text) => `      ${text}`) : [];
      return some.length === 0 ? [] : [`  ${row}`, ...lines, ...others];
    });
  const all = rows.flatMap(({ figures }) => figures);
  const count = (wanted: Agreement) => all.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...part('agrees'),
    ...part('untold'),
    ...part('differs'),
    `${count('agrees')} of ${all.length} figures agree within the spreads stated, ${count('differs')} differ. ` +
      `${count('untold')} are apart, but of fewer than six samples or a single reading, which bound nothing.`,
  ].join('\n');
}
