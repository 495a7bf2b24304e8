import { exactly } from '../statistics.ts';
import { type Machine, type Measure, type ReportedLine, SUBJECT_TITLES, SUBJECTS, type Subject } from './run-report.ts';

/** Three digits that mean something, thousands apart: 0.0123, 4.57, 312, 12 345. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  const [whole = '', fraction] = String(rounded).split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** The value, and its spread where it has one; with ≤ and ≥ where the samples set no bound. */
export function measured({ value, low, high, open }: Measure): string {
  if (figure(low) === figure(high) && !open) return figure(value);
  return `${figure(value)} (${open === 'both' ? '≤ ' : ''}${figure(low)} – ${open ? '≥ ' : ''}${figure(high)})`;
}

/** What the machine did while a row ran. */
export const machineText = ({ busyPercent, stolenPercent, waitedPercent }: Machine): string =>
  `cores ${busyPercent} % busy, ${stolenPercent} % stolen; somebody waited for one ${waitedPercent} % of the time`;

export const labelOf = ({ label, unit }: Pick<ReportedLine, 'label' | 'unit'>): string =>
  unit === '' ? label : `${label} [${unit}]`;

/**
 * The lines as cells of a table: label, one column for each subject that has a figure or a reason for none, then the
 * target and what became of it. The first row is the head.
 */
export function cellsOf(lines: readonly ReportedLine[]): string[][] {
  const subjects = SUBJECTS.filter((subject) => lines.some((line) => line.results[subject] !== undefined));
  const cell = (line: ReportedLine, subject: Subject) => {
    const result = line.results[subject];
    return result === undefined ? '' : 'none' in result ? result.none : measured(result);
  };
  return [
    ['', ...subjects.map((subject) => SUBJECT_TITLES[subject]), 'target', ''],
    ...lines.map((line) => [
      ...[labelOf(line), ...subjects.map((subject) => cell(line, subject))],
      ...[targetText(line.target ?? ''), line.target === undefined ? '' : verdictText(line)],
    ]),
  ];
}

function targetText(target: string): string {
  const titled = (text: string, subject: Subject) =>
    text.replace(new RegExp(`\\b${subject}\\b`), SUBJECT_TITLES[subject]);
  return SUBJECTS.reduce(titled, target);
}

function verdictText(line: ReportedLine): string {
  const judged = verdict(line);
  if (judged === 'unknown') return '?';
  return `${judged === 'met' ? 'met' : 'MISSED'}${isWithinSpread(line) ? ', within the spread' : ''}`;
}

const TARGET = /^([≤<≥=])? ?(.+)$/;

/**
 * Whether Parley's figure meets the line's target. Understood: a comparison and a number ('≤ 5', '0'), or a comparison
 * and another subject of the same line ('≤ livekit-default'). A bare number is met when it is reached from the better
 * side. Anything else, and a line without a figure, is `unknown`: a target is never called met by guess.
 */
export function verdict(line: ReportedLine): 'met' | 'missed' | 'unknown' {
  const { comparison, own, limit } = targetOf(line);
  if (own === undefined || limit === undefined) return 'unknown';
  const [value, bound] = [own.value, limit.value];
  const holds = { '<': value < bound, '=': value === bound, '≥': value >= bound, '≤': value <= bound };
  return holds[comparison ?? (line.better === 'lower' ? '≤' : '≥')] ? 'met' : 'missed';
}

/**
 * Whether the verdict is the figure's alone: its spread reaches over to the other side of the target, or into the spread
 * of the subject that it is compared with, and a like run might find otherwise. Never of a target that must be met
 * exactly ('= 0'): there what was seen is what is asked for.
 */
export function isWithinSpread(line: ReportedLine): boolean {
  const { comparison, own, limit, isPeer } = targetOf(line);
  if (own === undefined || limit === undefined || comparison === '=' || (limit.value === 0 && !isPeer)) return false;
  const [from, to] = reach(own);
  const [low, high] = reach(limit);
  return from <= high && low <= to;
}

function targetOf(line: ReportedLine) {
  const [, comparison, bound = ''] = TARGET.exec(line.target ?? '') ?? [];
  const peer = SUBJECTS.find((name) => name === bound);
  const number = bound !== '' && Number.isFinite(Number(bound)) ? exactly(Number(bound), 1) : undefined;
  return {
    comparison: comparison as '<' | '=' | '≥' | '≤' | undefined,
    own: measureOf(line, 'parley'),
    limit: peer ? measureOf(line, peer) : number,
    isPeer: peer !== undefined,
  };
}

/** How far a spread goes; without end where nothing bounds it. */
const reach = ({ low, high, open }: Pick<Measure, 'low' | 'high' | 'open'>): readonly [number, number] => [
  open === 'both' ? Number.NEGATIVE_INFINITY : low,
  open ? Number.POSITIVE_INFINITY : high,
];

function measureOf(line: ReportedLine, subject: Subject): Measure | undefined {
  const result = line.results[subject];
  return result && 'value' in result ? result : undefined;
}
