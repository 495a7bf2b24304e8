import { buildScenes } from '../corpus/sets.ts';
import { compete, msOf, type Runs, shareOf } from '../harness/contest.ts';
import { falseStopsOf, hasFalseStop, interruptionOf, lossesOf, pausesOf, stopDelaysOf } from '../harness/scenes.ts';
import type { ReportedLine } from '../report/run-report.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { largest, median, p95 } from '../statistics.ts';
import { Field, type Found } from '../subjects/field.ts';

/** Of mere noise more: what stops the agent there is rare, and is counted for each class by itself. */
const PER_CONDITION = { interruption: 4, noise: 6 } as const;
const AT_ONCE = 32;
const NO_RECORDINGS =
  'There are no recorded voices here: they are in the Debian package pocketsphinx-testdata. All callers are synthetic.';
const PROVIDERS = { llm: { firstTokenMs: 200, tokenMs: 15 }, tts: { firstAudioMs: 100 } } as const;

/** Real interruptions and mere noise, while the agent is in the middle of a long answer. */
export const bargeInRow: Row = {
  name: 'barge-in',
  title: 'Barge-in: how fast a caller’s voice stops the agent, and what stops it that should not',
  includes:
    'From the first audible sample of the caller’s speech (labelled by energy) to the moment at which the system tells its ' +
    'sink to be silent: the 20 ms frame in which it lies, the harness’s way, voice activity, the decision. Real time, ' +
    `${AT_ONCE} sessions at once in one process. Clean and telephone lines, noises at 10 to 20 dB, coughs, clicks, breath, hold music.`,
  leavesOut:
    'Networks and codecs on the way to the sink and back; recognition (a script says each word 250 ms after its end, and the ' +
    'final 700 ms after the last), the model and the synthesiser, which are scripted alike for all.',
  estimateSeconds: 130,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const field = await Field.gather(context);
  context.progress('making the scenes');
  const scenes = await buildScenes({ seed: context.seed, sets: PER_CONDITION });
  if (!scenes.some(({ recorded }) => recorded)) field.notes.push(NO_RECORDINGS);
  const found = await compete(field, scenes, { ...PROVIDERS, atOnce: AT_ONCE }, context.signal);
  return { lines: linesOf(field, found), notes: field.notes };
}

const cutIns = (runs: Runs) => runs.filter(({ scene }) => scene.set === 'interruption');
const noises = (runs: Runs) => runs.filter(({ scene }) => scene.set === 'noise');
const delays = (runs: Runs) => stopDelaysOf(cutIns(runs));
const recordedDelays = (runs: Runs) => stopDelaysOf(cutIns(runs).filter(({ scene }) => scene.recorded));
const became = (what: 'missed' | 'stopped before') =>
  shareOf((runs) => cutIns(runs).map((run) => interruptionOf(run) === what));
const stoppedIn = (name: string) =>
  shareOf((runs) => noises(runs.filter(({ scene }) => scene.condition === name)).map(hasFalseStop));

function linesOf(field: Field, found: Found<Runs>): ReportedLine[] {
  const line = field.lines(found);
  const notWorse = '≤ livekit-default';
  const classes = [...new Set(noises(found[0]?.[1] ?? []).map(({ scene }) => scene.condition))];
  const noiseStops = (runs: Runs) => noises(runs).map(hasFalseStop);
  const stops = (runs: Runs) => noises(runs).flatMap(falseStopsOf);
  const unresumed = shareOf((runs) => stops(runs).map(({ resumed }) => resumed === undefined));
  const pauses = (runs: Runs) => pausesOf(noises(runs));
  const losses = (runs: Runs) => lossesOf(noises(runs));
  return [
    line('onset → stop, recorded voices, p50', 'ms', msOf(median, recordedDelays)),
    line('onset → stop, recorded voices, p95', 'ms', msOf(p95, recordedDelays), '≤ 200'),
    line('onset → stop, all voices and lines, p50', 'ms', msOf(median, delays)),
    line('onset → stop, all voices and lines, p95', 'ms', msOf(p95, delays)),
    line('onset → stop, all voices and lines, longest', 'ms', msOf(largest, delays)),
    line('interruptions without a stop before the caller was done', '%', became('missed')),
    line('interruptions that found the agent silent already, as a noise had stopped it', '%', became('stopped before')),
    line('scenes of mere noise in which the agent stopped', '%', shareOf(noiseStops), notWorse),
    ...classes.map((name) => line(`… ${name}`, '%', stoppedIn(name), notWorse)),
    line('false stops after which the agent did not go on within the scene', '%', unresumed),
    line('false stop → voice again, p95', 'ms', msOf(p95, pauses), '≤ 700'),
    line('lost or repeated of the agent’s voice at a resume, longest', 'ms', msOf(largest, losses), '≤ 100'),
  ];
}
