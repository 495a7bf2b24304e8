import type { Line, Measure, Subject } from '../row.ts';
import type { Field } from '../subjects/contenders.ts';
import type { Usage } from './protocol.ts';
import type { Lateness } from './tick-schedule.ts';

const OVERLOADED_P99_MS = 50;

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

/** And when a subject had more to do than it could: its figures are then those of an overloaded process. */
export function overloadNotes(name: string, { loopDelayP99Ms, loopDelayMaxMs }: Usage): string[] {
  if (loopDelayP99Ms <= OVERLOADED_P99_MS) return [];
  const figures = `p99 ${loopDelayP99Ms.toFixed(0)} ms, longest ${loopDelayMaxMs.toFixed(0)} ms`;
  return [
    `${name} had more to do than its process could (event loop ${figures} late): its delays are those of an overload.`,
  ];
}
