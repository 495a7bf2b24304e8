import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Scene } from '../corpus/scene.ts';
import type { Line, Measure, RowContext } from '../row.ts';
import { type Contender, type Field, orAbsent } from '../subjects/contenders.ts';
import { agentClip } from './agent-clip.ts';
import { Driver } from './driver.ts';
import type { SessionSettings } from './protocol.ts';
import { latenessNotes, lineOf, overloadNotes } from './results.ts';
import { runScenes, type SceneRun } from './scene-run.ts';
import { measure, type Statistic } from './statistics.ts';

/** A subject with its settings, under the name that the row shows. */
export interface Entry {
  readonly name: string;
  readonly contender: Contender;
}

export interface Outcome extends Entry {
  readonly runs: readonly SceneRun[];
}

export interface Contest {
  readonly scenes: readonly Scene[];
  readonly llm: SessionSettings['llm'];
  readonly tts: SessionSettings['tts'];
  /** Sessions at once in each subject's process, or as many as it can hold. */
  readonly atOnce: number;
}

/** Lets each entry live through the same scenes. What a reader must know of the runs is added to `notes`. */
export async function compete(
  field: Field,
  entries: readonly Entry[],
  contest: Contest,
  context: RowContext,
  notes: string[],
): Promise<Outcome[]> {
  const { progress, signal } = context;
  const { scenes, ...options } = contest;
  const voice = await agentClip();
  const outcomes: Outcome[] = [];

  const play = async ({ name, contender }: Entry): Promise<Outcome> => {
    const driver = await Driver.start(contender.command, voice, signal);
    try {
      driver.takeLateness();
      await driver.usage();
      const silent: string[] = [];
      const onSilentAgent = (what: string) => {
        silent.push(what);
        progress(`${name}: an agent did not begin to speak (${what})`);
      };
      const { policy, mostAtOnce = options.atOnce } = contender;
      const atOnce = Math.min(options.atOnce, mostAtOnce);
      const runs = await runScenes(driver, scenes, { ...options, atOnce, policy, signal, onSilentAgent });
      if (silent.length > 0) notes.push(silentNote(name, silent));
      notes.push(...latenessNotes(name, driver.takeLateness()), ...overloadNotes(name, await driver.usage()));
      return { name, contender, runs };
    } finally {
      await driver.close();
    }
  };

  for (const together of roundsOf(entries)) {
    progress(`${scenes.length} scenes: ${together.map(({ name }) => name).join(' and ')}`);
    const played = together.map((entry) => orAbsent(field, entry.contender.subject, context, () => play(entry)));
    outcomes.push(...(await Promise.all(played)).flat());
  }
  return outcomes;
}

const silentNote = (name: string, silent: readonly string[]): string =>
  `${name}: ${silent.length} times an agent did not begin to speak (the first time: ${silent[0]}).`;

/** Parley is light enough to share the machine with one other; the others need a core to themselves. */
function roundsOf(entries: readonly Entry[]): Entry[][] {
  const [first, ...others] = entries.filter(({ contender }) => contender.subject !== 'parley');
  const light = entries.filter(({ contender }) => contender.subject === 'parley');
  return [[...light, ...(first ? [first] : [])], ...others.map((entry) => [entry])].filter((round) => round.length > 0);
}

/** One entry for each subject, named like it. */
export const usualEntries = ({ contenders }: Field): Entry[] =>
  contenders.map((contender) => ({ name: contender.subject, contender }));

export type MakeLine = <Sample>(
  head: Omit<Line, 'results'>,
  samples: (runs: readonly SceneRun[]) => readonly Sample[],
  statistic: Statistic<Sample>,
) => Line;

/**
 * Makes lines of a table in which each outcome stands under its subject. What the caller says and what the agent plays
 * come in frames: moments of a scene are not known any better.
 */
export function lineMaker(field: Field, outcomes: readonly Outcome[]): MakeLine {
  return (head, samples, statistic) =>
    lineOf(
      field,
      head,
      outcomes.map(({ contender, runs }): [Contender['subject'], Measure | { readonly none: string }] => [
        contender.subject,
        measure(samples(runs), statistic, head.unit === 'ms' ? FRAME_MS : 0),
      ]),
    );
}
