import type { Line, Measure, Subject } from '../row.ts';
import type { Field } from '../subjects/contenders.ts';
import type { Lateness } from './tick-schedule.ts';

type Result = Measure | { readonly none: string };

/** A line of a table from what each subject that ran gave; those that could not be had say why. */
export function lineOf(
  field: Field,
  head: Omit<Line, 'results'>,
  results: ReadonlyMap<Subject, Result> | readonly (readonly [Subject, Result])[],
): Line {
  const missing = field.absent.map(({ subject, reason }) => [subject, { none: reason }] as const);
  return { ...head, results: Object.fromEntries([...missing, ...results]) };
}

/** What a reader must know when the load generator was not in time itself. */
export function latenessNotes(name: string, { late, p99Ms, maxMs }: Lateness): string[] {
  if (!late) return [];
  const figures = `p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms`;
  return [
    `The driver itself was late while ${name} ran (${figures}): the machine was busy, and delays are that much too long.`,
  ];
}
