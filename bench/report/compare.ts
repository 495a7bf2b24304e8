import { NO_SAMPLES } from '../statistics.ts';
import { figure, labelOf, machineText, measured } from './figures.ts';
import {
  type ReportedLine,
  type Result,
  type RowReport,
  type RunReport,
  SUBJECT_TITLES,
  SUBJECTS,
  type Subject,
} from './run-report.ts';

/** `untold`: apart, but one of the two is of so few samples, or of a single reading, that it bounds nothing. */
export type Agreement = 'agrees' | 'untold' | 'differs';

export interface Comparison {
  readonly label: string;
  readonly subject: Subject;
  readonly verdict: Agreement;
  /** Both figures, or what is missing. */
  readonly detail: string;
}

export interface RowComparison {
  readonly row: string;
  readonly figures: readonly Comparison[];
  /** What was otherwise in the two runs besides the figures: the code, the machine, what else it did. */
  readonly circumstances: readonly string[];
}

/**
 * Line by line, whether two runs agree: the spreads that they state must overlap. A figure without a spread agrees with
 * what reads the same. Rows that only one of the runs holds are left out; lines that only one holds do not agree.
 */
export function compareRuns(earlier: RunReport, now: RunReport): RowComparison[] {
  return now.rows.flatMap((row) => {
    const before = earlier.rows.find(({ name }) => name === row.name);
    if (!before) return [];
    const [old, later] = [linesOf(before), linesOf(row)];
    const figures = [...new Set([...old.keys(), ...later.keys()])].flatMap((label) =>
      SUBJECTS.flatMap((subject) => {
        const [a, b] = [old.get(label)?.results[subject], later.get(label)?.results[subject]];
        if (a === undefined && b === undefined) return [];
        return [{ label, subject, verdict: verdictOf(a, b), detail: `${textOf(a)} before, ${textOf(b)} now` }];
      }),
    );
    return [{ row: row.name, figures, circumstances: circumstancesOf(before, row) }];
  });
}

function verdictOf(a: Result | undefined, b: Result | undefined): Agreement {
  if (a === undefined || b === undefined) return 'differs';
  if ('value' in a && 'value' in b) {
    const overlap = a.low <= b.high && b.low <= a.high;
    if (overlap || figure(a.value) === figure(b.value)) return 'agrees';
    return sawFew(a) || sawFew(b) ? 'untold' : 'differs';
  }
  if ('none' in a && 'none' in b) return 'agrees';
  return (sawNone(a) && sawFew(b)) || (sawFew(a) && sawNone(b)) ? 'untold' : 'differs';
}

function textOf(result: Result | undefined): string {
  if (result === undefined) return 'nothing';
  return 'none' in result ? `none: ${result.none}` : measured(result);
}

/** What is seen fewer than six times in one run may well not be seen at all in a like one. */
const sawNone = (result: Result): boolean => 'none' in result && result.none === NO_SAMPLES;
const sawFew = (result: Result): boolean => 'open' in result && result.open === 'both';

const linesOf = ({ outcome }: RowReport): Map<string, ReportedLine> =>
  new Map(outcome.type === 'failed' ? [] : outcome.lines.map((line) => [labelOf(line), line]));

const CIRCUMSTANCES = ['commit', 'seed', 'cpu', 'cores', 'os', 'node'] as const;

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
      const lines = figures
        .filter(({ verdict }) => verdict === wanted)
        .map(({ label, subject, detail }) => `    ${WORDS[wanted]}  ${label}, ${SUBJECT_TITLES[subject]}: ${detail}`);
      const others = wanted === 'differs' ? circumstances.map((text) => `      ${text}`) : [];
      return lines.length === 0 ? [] : [`  ${row}`, ...lines, ...others];
    });
  const all = rows.flatMap(({ figures }) => figures);
  const count = (wanted: Agreement) => all.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...[...part('agrees'), ...part('untold'), ...part('differs')],
    `${count('agrees')} of ${all.length} figures agree within the spreads stated, ${count('differs')} differ. ` +
      `${count('untold')} are apart, but of fewer than six samples or a single reading, which bound nothing.`,
  ].join('\n');
}
