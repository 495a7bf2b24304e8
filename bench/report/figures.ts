import { type Measure, type ReportedLine, SUBJECT_TITLES, SUBJECTS, type Subject } from './run-report.ts';

const digits = { maximumSignificantDigits: 3, maximumFractionDigits: 0, roundingPriority: 'morePrecision' } as const;
const format = new Intl.NumberFormat('en', digits);

/** Three digits that mean something, thousands apart: 0.0123, 4.57, 312, 12 345. */
export const figure = (value: number): string => format.format(value).replaceAll(',', '\u202f');

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

/**
 * Whether Parley's figure meets the line's target: a comparison with a number ('≤ 5') or with another subject of the same
 * line ('≤ livekit-default'). Anything else, and a line without a figure, is `unknown`: a target is never called met by guess.
 */
export function verdict(line: ReportedLine): 'met' | 'missed' | 'unknown' {
  const [comparison = '', bound = ''] = (line.target ?? '').split(' ');
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
