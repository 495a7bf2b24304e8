import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Scene } from '../corpus/scene.ts';
import type { Result } from '../report/run-report.ts';
import type { RowContext } from '../row.ts';
import { measure, percentOf, type Statistic } from '../statistics.ts';
import type { Contender, Field, Found } from '../subjects/field.ts';
import { runScenes, type SceneRun, type SceneSettings } from './scenes.ts';

export type Runs = readonly SceneRun[];

export interface Contest extends Omit<SceneSettings, 'policy'> {
  readonly scenes: readonly Scene[];
  /** Sessions at once in each subject's process, or as many as it can hold. */
  readonly atOnce: number;
}

/** Lets each contender live through the same scenes. */
export function compete(
  field: Field,
  contenders: readonly Contender[],
  { scenes, ...contest }: Contest,
  { signal }: RowContext,
): Promise<Found<Runs>> {
  return field.measure(roundsOf(contenders), async (driver, { subject, policy }) => {
    await driver.beginNotes();
    const silent: string[] = [];
    const onSilentAgent = (what: string) => silent.push(what);
    const runs = await runScenes(driver, scenes, { ...contest, policy, signal, onSilentAgent });
    const times = `${silent.length} times an agent did not begin to speak (the first time: ${silent[0]}).`;
    if (silent.length > 0) field.notes.push(`${subject}: ${times}`);
    return runs;
  });
}

/** Parley is light enough to share the machine with one other; the others need a core to themselves. */
function roundsOf(contenders: readonly Contender[]): Contender[][] {
  const light = contenders.filter(({ subject }) => subject === 'parley');
  const [first, ...others] = contenders.filter((one) => !light.includes(one)).map((one) => [one]);
  return [[...light, ...(first ?? [])], ...others].filter((round) => round.length > 0);
}

/** A figure of moments in scenes: what the caller says and what the agent plays come in frames, and none is known better. */
export const msOf =
  (statistic: Statistic<number>, delays: (runs: Runs) => readonly number[]) =>
  (runs: Runs): Result =>
    measure(delays(runs), statistic, FRAME_MS);

/** Of how many of some cases something is true, in percent. */
export const shareOf =
  (cases: (runs: Runs) => readonly boolean[]) =>
  (runs: Runs): Result =>
    measure(cases(runs), percentOf);
