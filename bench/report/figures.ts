import type { Line, Measure, Subject } from '../row.ts';
import { type Machine, SUBJECT_TITLES, SUBJECTS } from './run-report.ts';

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
export function machineText({ busyPercent, stolenPercent, waitedPercent }: Machine): string {
  return `cores ${busyPercent} % busy, ${stolenPercent} % stolen; somebody waited for one ${waitedPercent} % of the time`;
}

/** The subjects that have a figure, or a reason for none, in any of the lines. */
export function subjectsOf(lines: readonly Line[]): Subject[] {
  return SUBJECTS.filter((subject) => lines.some((line) => line.results[subject] !== undefined));
}

/** A line's cell for one subject. */
export function cell(line: Line, subject: Subject): string {
  const result = line.results[subject];
  if (!result) return '';
  return 'none' in result ? result.none : measured(result);
}

export function labelOf({ label, unit }: Pick<Line, 'label' | 'unit'>): string {
  return unit === '' ? label : `${label} [${unit}]`;
}

/** A target that names another subject reads with that one's title. */
export function targetText(target: string): string {
  return SUBJECTS.reduce(
    (text, subject) => text.replace(new RegExp(`\\b${subject}\\b`), SUBJECT_TITLES[subject]),
    target,
  );
}
