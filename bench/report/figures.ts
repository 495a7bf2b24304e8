import { type Measure, type ReportedLine, SUBJECT_TITLES, SUBJECTS, type Subject } from './run-report.ts';

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
    ['', ...subjects.map((subject) => SUBJECT_TITLES[subject]), 'target'],
    ...lines.map((line) => [
      line.unit === '' ? line.label : `${line.label} [${line.unit}]`,
      ...subjects.map((subject) => cell(line, subject)),
      `${targetText(line.target ?? '')}${VERDICTS[verdict(line)]}`,
    ]),
  ];
}

const targetText = (target: string): string =>
  SUBJECTS.reduce((text, subject) => text.replace(subject, SUBJECT_TITLES[subject]), target);

const VERDICTS = { met: ' · met', missed: ' · **missed**', unknown: '' };
const TARGET = /^([≤<≥=])? ?(.+)$/;

/**
 * Whether Parley's figure meets the line's target. Understood: a comparison and a number ('≤ 5', '0'), or a comparison
 * and another subject of the same line ('≤ livekit-default'). A bare number is met when it is reached from the better
 * side. Anything else, and a line without a figure, is `unknown`: a target is never called met by guess.
 */
export function verdict(line: ReportedLine): 'met' | 'missed' | 'unknown' {
  const [, comparison = line.better === 'lower' ? '≤' : '≥', bound = ''] = TARGET.exec(line.target ?? '') ?? [];
  const figureOf = (subject: string): number => {
    const result = Object.entries(line.results).find(([name]) => name === subject)?.[1];
    return result && 'value' in result ? result.value : Number.NaN;
  };
  const limit = bound === '' || Number.isNaN(Number(bound)) ? figureOf(bound) : Number(bound);
  const own = figureOf('parley');
  if (Number.isNaN(own) || Number.isNaN(limit)) return 'unknown';
  const holds: Record<string, boolean> = { '<': own < limit, '=': own === limit, '≥': own >= limit, '≤': own <= limit };
  return holds[comparison] ? 'met' : 'missed';
}
