import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Scene } from '../corpus/scene.ts';
import type { ReportedLine, Result, Subject } from '../report/run-report.ts';
import type { Head, RowContext } from '../row.ts';
import { measure, type Statistic } from '../statistics.ts';
import { type Contender, type Field, orAbsent } from '../subjects/contenders.ts';
import { Driver } from './driver.ts';
import { runScenes, type SceneRun, type SceneSettings } from './scenes.ts';

/** A subject with its settings, under the name that the row shows. */
export interface Entry {
  readonly name: string;
  readonly contender: Contender;
}

export interface Outcome extends Entry {
  readonly runs: readonly SceneRun[];
}

export interface Contest extends Omit<SceneSettings, 'policy'> {
  readonly scenes: readonly Scene[];
  /** Sessions at once in each subject's process, or as many as it can hold. */
  readonly atOnce: number;
}

/** Lets each entry live through the same scenes. What a reader must know of the runs is added to `notes`. */
export async function compete(
  field: Field,
  entries: readonly Entry[],
  { scenes, ...settings }: Contest,
  context: RowContext,
  notes: string[],
): Promise<Outcome[]> {
  const { progress, signal } = context;
  const play = ({ name, contender }: Entry): Promise<Outcome> =>
    Driver.use(contender.command, signal, async (driver) => {
      await driver.beginNotes();
      const silent: string[] = [];
      const onSilentAgent = (what: string) => {
        silent.push(what);
        progress(`${name}: an agent did not begin to speak (${what})`);
      };
      const { policy, mostAtOnce = settings.atOnce } = contender;
      const atOnce = Math.min(settings.atOnce, mostAtOnce);
      const runs = await runScenes(driver, scenes, { ...settings, atOnce, policy, signal, onSilentAgent });
      const times = `${silent.length} times an agent did not begin to speak (the first time: ${silent[0]}).`;
      notes.push(...(silent.length > 0 ? [`${name}: ${times}`] : []), ...(await driver.notes(name)));
      return { name, contender, runs };
    });
  const outcomes: Outcome[] = [];
  for (const together of roundsOf(entries)) {
    progress(`${scenes.length} scenes: ${together.map(({ name }) => name).join(' and ')}`);
    const played = together.map((entry) => orAbsent(field, entry.contender.subject, context, () => play(entry)));
    outcomes.push(...(await Promise.all(played)).flat());
  }
  return outcomes;
}

/** Parley is light enough to share the machine with one other; the others need a core to themselves. */
function roundsOf(entries: readonly Entry[]): Entry[][] {
  const light = entries.filter(({ contender }) => contender.subject === 'parley');
  const [first, ...others] = entries.filter((entry) => !light.includes(entry)).map((entry) => [entry]);
  return [[...light, ...(first ?? [])], ...others].filter((round) => round.length > 0);
}

/** One entry for each subject, named like it. */
export const usualEntries = ({ contenders }: Field): Entry[] =>
  contenders.map((contender) => ({ name: contender.subject, contender }));

/** A line of a table from what each subject that ran gave; those that could not be had say why. */
export function lineOf(field: Field, head: Head, results: readonly (readonly [Subject, Result])[]): ReportedLine {
  const missing = field.absent.map(({ subject, reason }) => [subject, { none: reason }] as const);
  return { ...head, results: Object.fromEntries([...missing, ...results]) };
}

/** Makes such lines from what was found of each subject. */
export const linesOf =
  <Found>(field: Field, found: readonly (readonly [Subject, Found])[]) =>
  (label: string, unit: string, value: (found: Found) => Result, target?: string): ReportedLine =>
    lineOf(
      field,
      { label, unit, better: 'lower', ...(target !== undefined && { target }) },
      found.map(([subject, one]) => [subject, value(one)] as const),
    );

export type MakeLine = <Sample>(
  head: Head,
  samples: (runs: readonly SceneRun[]) => readonly Sample[],
  statistic: Statistic<Sample>,
) => ReportedLine;

/**
 * Makes lines of a table in which each outcome stands under its subject. What the caller says and what the agent plays
 * come in frames: moments of a scene are not known any better.
 */
export function lineMaker(field: Field, outcomes: readonly Outcome[]): MakeLine {
  return (head, samples, statistic) => {
    const resultOf = (runs: readonly SceneRun[]) =>
      measure(samples(runs), statistic, head.unit === 'ms' ? FRAME_MS : 0);
    return lineOf(
      field,
      head,
      outcomes.map(({ contender, runs }) => [contender.subject, resultOf(runs)] as const),
    );
  };
}
