import type { Scene } from '../corpus/scene.ts';
import { buildScenes } from '../corpus/sets.ts';
import { compete, type Entry, lineMaker, type Outcome, usualEntries } from '../harness/contest.ts';
import { type FalseStop, falseStopsOf, interruptionOf, type SceneRun, stopDelaysOf } from '../harness/scenes.ts';
import type { Plot, ReportedLine } from '../report/run-report.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { cdf, largest, median, p95, percentOf } from '../statistics.ts';
import { type Field, gatherField, peerNotes } from '../subjects/contenders.ts';

/** Of mere noise more: what stops the agent there is rare, and is counted for each class by itself. */
const PER_CONDITION = { interruption: 4, noise: 6 } as const;
const AT_ONCE = 32;
const NO_RECORDINGS =
  'There are no recorded voices here: they are in the Debian package pocketsphinx-testdata. All callers are synthetic.';
const PROVIDERS = { llm: { firstTokenMs: 200, tokenMs: 15 }, tts: { firstAudioMs: 100 } } as const;
const SHORTEST_LIVEKIT_MS = 100;
const PASSING_NOISES = ['babble-20dB', 'clicks', 'coughs', 'breath', 'hold-music'];

/** Real interruptions and mere noise, while the agent is in the middle of a long answer. */
export const bargeInRow: Row = {
  name: 'barge-in',
  title: 'Barge-in: how fast a caller’s voice stops the agent, and what stops it that should not',
  includes:
    'From the first audible sample of the caller’s speech (labelled by energy) to the moment at which the system tells its ' +
    'sink to be silent: the 20 ms frame in which it lies, the harness’s socket, voice activity, the decision. Real time, ' +
    `${AT_ONCE} sessions at once in one process. Clean and telephone lines, noises at 10 to 20 dB, coughs, clicks, breath, hold music.`,
  leavesOut:
    'Networks and codecs on the way to the sink and back; recognition (a script says each word 250 ms after its end, and the ' +
    'final 700 ms after the last), the model and the synthesiser, which are scripted alike for all.',
  estimateSeconds: 130,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const field = await gatherField(context, true);
  context.progress('making the scenes');
  const scenes = await buildScenes({ seed: context.seed, sets: PER_CONDITION });
  const notes = peerNotes(field);
  if (!scenes.some(({ recorded }) => recorded)) notes.push(NO_RECORDINGS);
  const contest = { scenes, ...PROVIDERS, atOnce: AT_ONCE };
  const outcomes = await compete(field, usualEntries(field), contest, context, notes);
  const telling = { ...contest, scenes: scenes.filter(isTelling) };
  const shortest = await compete(field, shortestEntries(field), telling, context, notes);
  return { lines: linesOf(field, outcomes, shortest), plots: [plotOf([...outcomes, ...shortest])], notes };
}

/** LiveKit once more, with the shortest time that anybody would set. */
const shortestEntries = ({ contenders }: Field): Entry[] =>
  contenders
    .filter(({ subject }) => subject === 'livekit-best')
    .map((best) => {
      const policy = { ...best.policy, minDurationMs: SHORTEST_LIVEKIT_MS };
      return { name: `livekit at ${SHORTEST_LIVEKIT_MS} ms`, contender: { ...best, policy } };
    });

/** The scenes in which a shorter time shows, for better or worse: recorded voices, and noises that come and go. */
const isTelling = ({ set, recorded, condition }: Scene): boolean =>
  set === 'interruption' ? recorded : PASSING_NOISES.includes(condition);

type Runs = readonly SceneRun[];
const cutIns = (runs: Runs) => runs.filter(({ scene }) => scene.set === 'interruption');
const recorded = (runs: Runs) => cutIns(runs).filter(({ scene }) => scene.recorded);
const noises = (runs: Runs) => runs.filter(({ scene }) => scene.set === 'noise');
const hasFalseStop = (run: SceneRun) => falseStopsOf(run).length > 0;

function linesOf(field: Field, outcomes: readonly Outcome[], shortest: readonly Outcome[]): ReportedLine[] {
  const row = lineMaker(field, outcomes);
  const parley = outcomes.filter(({ name }) => name === 'parley');
  const rowAtShortest = lineMaker({ ...field, absent: [] }, [...parley, ...shortest]);
  const ms = { unit: 'ms', better: 'lower' } as const;
  const percent = { unit: '%', better: 'lower' } as const;
  const notWorse = { ...percent, target: '≤ livekit-default' };
  const delays = (which: (runs: Runs) => Runs) => (runs: Runs) => stopDelaysOf(which(runs));
  const became = (what: 'missed' | 'stopped before') => (runs: Runs) =>
    cutIns(runs).map((run) => interruptionOf(run) === what);
  const stoppedIn = (fits: (scene: Scene) => boolean) => (runs: Runs) =>
    noises(runs.filter(({ scene }) => fits(scene))).map(hasFalseStop);
  const classes = [...new Set(noises(outcomes[0]?.runs ?? []).map(({ scene }) => scene.condition))];
  const stops = (runs: Runs): FalseStop[] => noises(runs).flatMap(falseStopsOf);
  const resumed = (runs: Runs) => stops(runs).flatMap((stop) => stop.resumed ?? []);
  const atShortest = `LiveKit at minDuration ${SHORTEST_LIVEKIT_MS} ms`;
  return [
    row({ label: 'onset → stop, recorded voices, p50', ...ms }, delays(recorded), median),
    row({ label: 'onset → stop, recorded voices, p95', target: '≤ 200', ...ms }, delays(recorded), p95),
    row({ label: 'onset → stop, all voices and lines, p50', ...ms }, delays(cutIns), median),
    row({ label: 'onset → stop, all voices and lines, p95', ...ms }, delays(cutIns), p95),
    row({ label: 'onset → stop, all voices and lines, longest', ...ms }, delays(cutIns), largest),
    row({ label: 'interruptions without a stop before the caller was done', ...percent }, became('missed'), percentOf),
    row(
      { label: 'interruptions that found the agent silent already, as a noise had stopped it', ...percent },
      became('stopped before'),
      percentOf,
    ),
    rowAtShortest({ label: `onset → stop, recorded voices, p95, ${atShortest}`, ...ms }, delays(recorded), p95),
    row(
      { label: 'scenes of mere noise in which the agent stopped', ...notWorse },
      stoppedIn(() => true),
      percentOf,
    ),
    rowAtShortest(
      { label: `the same, passing noises only, ${atShortest}`, ...percent },
      stoppedIn(isTelling),
      percentOf,
    ),
    ...classes.map((name) =>
      row(
        { label: `… ${name}`, ...notWorse },
        stoppedIn(({ condition }) => condition === name),
        percentOf,
      ),
    ),
    row(
      { label: 'false stops after which the agent did not go on within the scene', ...percent },
      (runs) => stops(runs).map((stop) => stop.resumed === undefined),
      percentOf,
    ),
    row(
      { label: 'false stop → voice again, p95', target: '≤ 700', ...ms },
      (runs) => resumed(runs).map(({ afterMs }) => afterMs),
      p95,
    ),
    row(
      { label: 'lost or repeated of the agent’s voice at a resume, longest', target: '≤ 100', ...ms },
      (runs) => resumed(runs).map(({ lostMs }) => Math.abs(lostMs)),
      largest,
    ),
  ];
}

const plotOf = (outcomes: readonly Outcome[]): Plot => ({
  file: 'barge-in.svg',
  title: 'Onset of the caller’s speech → stop',
  kind: 'cdf',
  xLabel: 'ms from the first audible speech',
  yLabel: 'share of interruptions',
  series: outcomes.map(({ name, runs }) => ({ name, points: cdf(stopDelaysOf(cutIns(runs))) })),
});
