import { buildScenes } from '../corpus/corpus.ts';
import type { Scene } from '../corpus/scene.ts';
import { compete, type Entry, lineMaker, type MakeLine, type Outcome, usualEntries } from '../harness/contest.ts';
import { type FalseStop, falseStopsOf, interruptionOf, type SceneRun } from '../harness/scene-run.ts';
import { cdf, largest, median, p95, percentOf } from '../harness/statistics.ts';
import type { Line, Row, RowContext, RowResult } from '../row.ts';
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
  const field = await gatherField(context, { pipecat: true });
  context.progress('making the scenes');
  const { seed } = context;
  const scenes: Scene[] = [];
  for (const set of ['interruption', 'noise'] as const) {
    scenes.push(...(await buildScenes({ seed, sets: [set], perCondition: PER_CONDITION[set] })));
  }
  const notes = peerNotes(field);
  if (!scenes.some(({ recorded }) => recorded)) notes.push(NO_RECORDINGS);
  const contest = { scenes, ...PROVIDERS, atOnce: AT_ONCE };
  const outcomes = await compete(field, usualEntries(field), contest, context, notes);
  const shortest = await compete(
    field,
    shortestEntries(field),
    { ...contest, scenes: scenes.filter(isTelling) },
    context,
    notes,
  );
  return { lines: linesOf(field, outcomes, shortest), plots: plotsOf([...outcomes, ...shortest]), notes };
}

/** LiveKit once more, with the shortest time that anybody would set. */
function shortestEntries({ contenders }: Field): Entry[] {
  const best = contenders.find(({ subject }) => subject === 'livekit-best');
  if (!best) return [];
  const policy = { ...best.policy, minDurationMs: SHORTEST_LIVEKIT_MS };
  return [{ name: `livekit at ${SHORTEST_LIVEKIT_MS} ms`, contender: { ...best, policy } }];
}

/** The scenes in which a shorter time shows, for better or worse: recorded voices, and noises that come and go. */
const isTelling = ({ set, recorded, condition }: Scene): boolean =>
  set === 'interruption' ? recorded : PASSING_NOISES.includes(condition);

const delaysOf = (runs: readonly SceneRun[]): number[] =>
  runs.flatMap((run) => {
    const outcome = interruptionOf(run);
    return typeof outcome === 'string' ? [] : [outcome.delayMs];
  });

function linesOf(field: Field, outcomes: readonly Outcome[], shortest: readonly Outcome[]): Line[] {
  const cutIns = (runs: readonly SceneRun[]) => runs.filter(({ scene }) => scene.set === 'interruption');
  const recorded = (runs: readonly SceneRun[]) => cutIns(runs).filter(({ scene }) => scene.recorded);
  const noises = (runs: readonly SceneRun[]) => runs.filter(({ scene }) => scene.set === 'noise');
  const row = lineMaker(field, outcomes);
  const beside = [...outcomes.filter(({ name }) => name === 'parley'), ...shortest];
  const rowAtShortest = lineMaker({ ...field, absent: [] }, beside);
  const ms = { unit: 'ms', better: 'lower' } as const;
  const percent = { unit: '%', better: 'lower' } as const;
  const hasFalseStop = (run: SceneRun) => falseStopsOf(run).length > 0;
  const classes = [...new Set(noises(outcomes[0]?.runs ?? []).map(({ scene }) => scene.condition))];
  return [
    row({ label: 'onset → stop, recorded voices, p50', ...ms }, (runs) => delaysOf(recorded(runs)), median),
    row(
      { label: 'onset → stop, recorded voices, p95', target: '≤ 200', ...ms },
      (runs) => delaysOf(recorded(runs)),
      p95,
    ),
    row({ label: 'onset → stop, all voices and lines, p50', ...ms }, (runs) => delaysOf(cutIns(runs)), median),
    row({ label: 'onset → stop, all voices and lines, p95', ...ms }, (runs) => delaysOf(cutIns(runs)), p95),
    row({ label: 'onset → stop, all voices and lines, longest', ...ms }, (runs) => delaysOf(cutIns(runs)), largest),
    row(
      { label: 'interruptions without a stop before the caller was done', ...percent },
      (runs) => cutIns(runs).map((run) => interruptionOf(run) === 'missed'),
      percentOf,
    ),
    row(
      { label: 'interruptions that found the agent silent already, as a noise had stopped it', ...percent },
      (runs) => cutIns(runs).map((run) => interruptionOf(run) === 'stopped before'),
      percentOf,
    ),
    rowAtShortest(
      { label: `onset → stop, recorded voices, p95, LiveKit at minDuration ${SHORTEST_LIVEKIT_MS} ms`, ...ms },
      (runs) => delaysOf(recorded(runs)),
      p95,
    ),
    row(
      { label: 'scenes of mere noise in which the agent stopped', target: '≤ livekit-default', ...percent },
      (runs) => noises(runs).map(hasFalseStop),
      percentOf,
    ),
    rowAtShortest(
      { label: `the same, passing noises only, LiveKit at minDuration ${SHORTEST_LIVEKIT_MS} ms`, ...percent },
      (runs) => noises(runs.filter(({ scene }) => isTelling(scene))).map(hasFalseStop),
      percentOf,
    ),
    ...classes.map((condition) =>
      row(
        { label: `… ${condition}`, target: '≤ livekit-default', ...percent },
        (runs) =>
          noises(runs)
            .filter(({ scene }) => scene.condition === condition)
            .map(hasFalseStop),
        percentOf,
      ),
    ),
    ...resumeLines(row, (runs) => noises(runs).flatMap((run) => falseStopsOf(run))),
  ];
}

function resumeLines(row: MakeLine, falseStops: (runs: readonly SceneRun[]) => readonly FalseStop[]): Line[] {
  const resumed = (runs: readonly SceneRun[]) => falseStops(runs).flatMap((stop) => stop.resumed ?? []);
  return [
    row(
      { label: 'false stops after which the agent did not go on within the scene', unit: '%', better: 'lower' },
      (runs) => falseStops(runs).map((stop) => stop.resumed === undefined),
      percentOf,
    ),
    row(
      { label: 'false stop → voice again, p95', unit: 'ms', target: '≤ 700', better: 'lower' },
      (runs) => resumed(runs).map(({ afterMs }) => afterMs),
      p95,
    ),
    row(
      {
        label: 'lost or repeated of the agent’s voice at a resume, longest',
        unit: 'ms',
        target: '≤ 100',
        better: 'lower',
      },
      (runs) => resumed(runs).map(({ lostMs }) => Math.abs(lostMs)),
      largest,
    ),
  ];
}

function plotsOf(outcomes: readonly Outcome[]): RowResult['plots'] {
  const series = outcomes.map(({ name, runs }) => ({
    name,
    points: cdf(delaysOf(runs.filter(({ scene }) => scene.set === 'interruption'))),
  }));
  const labels = { xLabel: 'ms from the first audible speech', yLabel: 'share of interruptions' };
  return [{ file: 'barge-in.svg', title: 'Onset of the caller’s speech → stop', kind: 'cdf', ...labels, series }];
}
