import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Scene } from '../corpus/scene.ts';
import type { Result } from '../report/run-report.ts';
import { measure, percentOf, type Statistic } from '../statistics.ts';
import type { Contender, Field, Found } from '../subjects/field.ts';
import { runScenes, type SceneRun, type SceneSettings } from './scenes.ts';

export type Runs = readonly SceneRun[];

/**
 * Lets each contender live through the same scenes.
 * @param atOnce sessions in each subject's process
 */
export function compete(
  field: Field,
  scenes: readonly Scene[],
  settings: Omit<SceneSettings, 'policy'> & { readonly atOnce: number },
  signal: AbortSignal,
): Promise<Found<Runs>> {
  return field.measure(roundsOf(field.contenders), async (driver, { subject, policy }) => {
    const silent: string[] = [];
    const onSilentAgent = (what: string) => silent.push(what);
    const runs = await runScenes(driver, scenes, { ...settings, policy, signal, onSilentAgent });
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
