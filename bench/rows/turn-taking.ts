import { buildScenes } from '../corpus/corpus.ts';
import type { SceneSet } from '../corpus/scene.ts';
import { compete, type Entry, lineMaker, type MakeLine, type Outcome, usualEntries } from '../harness/contest.ts';
import { falseStopsOf, interruptionOf, type SceneRun, turnEndOf } from '../harness/scene-run.ts';
import { cdf, largest, mean, median, p95, percentOf } from '../harness/statistics.ts';
import type { Line, Row, RowContext, RowResult } from '../row.ts';
import { type Field, gatherField, peerNotes } from '../subjects/contenders.ts';
import { FIXED, turnTrade } from './turn-trade.ts';

const SCENES_PER_CONDITION = {
  hesitation: 4,
  backchannel: 8,
  echo: 1,
  'echo-interruption': 1,
  gaps: 1,
} as const satisfies Partial<Record<SceneSet, number>>;
const AT_ONCE = 24;
/** What the scripted model and voice take for the first word: part of every delay below. */
const PROVIDERS = { llm: { firstTokenMs: 200, tokenMs: 15 }, tts: { firstAudioMs: 100 } } as const;
const PROVIDERS_MS = PROVIDERS.llm.firstTokenMs + PROVIDERS.tts.firstAudioMs;

/** When the agent takes its turn, and when it keeps it. */
export const turnTakingRow: Row = {
  name: 'turn-taking',
  title: 'Turn-taking: hesitations, backchannels, the agent’s own echo, gaps in the line',
  includes:
    `Delay: from the last audible sample of the caller’s turn to the agent’s first frame at the sink, with ${PROVIDERS_MS} ms of ` +
    'scripted model and voice in it. A cut-off: the agent was heard before the caller was done. Echo: what the agent really ' +
    'played comes back into the caller’s line at a stated level and delay. Real time, one process a subject.',
  leavesOut:
    'Mistakes of a recogniser: a script says every word right, 250 ms after its end, and the final 700 ms after a phrase; it ' +
    'does not transcribe the echo. Networks.',
  estimateSeconds: 135,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const { seed, progress } = context;
  const field = await gatherField(context, { pipecat: true });
  progress('making the scenes');
  const scenes = [];
  for (const [set, perCondition] of Object.entries(SCENES_PER_CONDITION)) {
    scenes.push(...(await buildScenes({ seed, sets: [set as SceneSet], perCondition })));
  }
  const notes = peerNotes(field);
  const contest = { scenes, ...PROVIDERS, atOnce: AT_ONCE };
  const outcomes = await compete(field, usualEntries(field), contest, context, notes);
  const fixed = fixedEntry(field);
  const turns = scenes.filter(({ set }) => set === 'hesitation');
  const fixedOutcomes = fixed ? await compete(field, [fixed], { ...contest, scenes: turns }, context, notes) : [];
  progress('the same hesitations in virtual time, under many policies');
  const { signal } = context;
  const played = [...outcomes, ...fixedOutcomes].map(playedOf);
  const trade = await turnTrade({ scenes: turns, providers: PROVIDERS, played, signal });
  const lines = [
    ...turnLines(lineMaker(field, outcomes), 'hesitation', '', {
      mean: '≤ livekit-default',
      cutOff: '< livekit-default',
    }),
    ...trade.lines,
    ...turnLines(
      lineMaker({ ...field, absent: [] }, fixedOutcomes),
      'hesitation',
      ', plain fixed 500 ms (LiveKit without its model)',
    ),
    ...turnLines(lineMaker(field, outcomes), 'gaps', ', gaps in the line'),
    ...holdLines(lineMaker(field, outcomes)),
  ];
  return {
    lines,
    plots: [delayPlot([...outcomes, ...fixedOutcomes]), ...trade.plots],
    notes: [...notes, ...trade.notes],
  };
}

/** The plain fixed delay that many use, as LiveKit offers it. */
function fixedEntry({ contenders }: Field): Entry | undefined {
  const livekit = contenders.find(({ subject }) => subject === 'livekit-default');
  if (!livekit) return undefined;
  const policy = { turnDetection: 'vad', endpointing: { minDelayMs: 500, maxDelayMs: 500 } };
  return { name: FIXED, contender: { ...livekit, policy } };
}

const inSet = (runs: readonly SceneRun[], set: SceneSet): SceneRun[] => runs.filter(({ scene }) => scene.set === set);

/** Delays of turns that were not cut off. */
const delaysOf = (runs: readonly SceneRun[], set: SceneSet): number[] =>
  inSet(runs, set).flatMap((run) => {
    const { cutOff, answeredAfterMs } = turnEndOf(run);
    return cutOff || answeredAfterMs === undefined ? [] : [answeredAfterMs];
  });

function turnLines(
  row: MakeLine,
  set: SceneSet,
  which: string,
  targets: { readonly mean?: string; readonly cutOff?: string } = {},
): Line[] {
  const target = (text?: string) => (text === undefined ? {} : { target: text });
  const turns = (runs: readonly SceneRun[]) => inSet(runs, set).map(turnEndOf);
  const ms = { unit: 'ms', better: 'lower' } as const;
  const percent = { unit: '%', better: 'lower' } as const;
  return [
    row(
      { label: `end of turn → agent, mean${which}`, ...ms, ...target(targets.mean) },
      (runs) => delaysOf(runs, set),
      mean,
    ),
    row({ label: `end of turn → agent, p50${which}`, ...ms }, (runs) => delaysOf(runs, set), median),
    row({ label: `end of turn → agent, p95${which}`, ...ms }, (runs) => delaysOf(runs, set), p95),
    row(
      { label: `turns cut off${which}`, ...percent, ...target(targets.cutOff) },
      (runs) => turns(runs).map(({ cutOff }) => cutOff),
      percentOf,
    ),
    row(
      { label: `turns not answered within 4 s${which}`, ...percent },
      (runs) => turns(runs).map(({ answeredAfterMs }) => answeredAfterMs === undefined),
      percentOf,
    ),
  ];
}

function holdLines(row: MakeLine): Line[] {
  const percent = { unit: '%', better: 'lower' } as const;
  const backchannels = (runs: readonly SceneRun[]) => inSet(runs, 'backchannel');
  const echoAt = (runs: readonly SceneRun[], fits: (gainDb: number) => boolean) =>
    inSet(runs, 'echo').filter(({ scene }) => scene.echo && fits(scene.echo.gainDb));
  const stopped = (run: SceneRun) => falseStopsOf(run).length > 0;
  const gaveUp = (run: SceneRun) => falseStopsOf(run).some(({ resumed }) => !resumed);
  const pauses = (runs: readonly SceneRun[]) =>
    backchannels(runs).flatMap((run) => falseStopsOf(run).flatMap(({ resumed }) => resumed ?? []));
  const cutIns = (runs: readonly SceneRun[]) => inSet(runs, 'echo-interruption').map(interruptionOf);
  return [
    row(
      { label: 'backchannels at which the agent paused', ...percent },
      (runs) => backchannels(runs).map(stopped),
      percentOf,
    ),
    row(
      { label: 'backchannels after which it did not go on', ...percent },
      (runs) => backchannels(runs).map(gaveUp),
      percentOf,
    ),
    row(
      { label: 'pause at a backchannel, p95', unit: 'ms', target: '≤ 700', better: 'lower' },
      (runs) => pauses(runs).map(({ afterMs }) => afterMs),
      p95,
    ),
    row(
      { label: 'lost or repeated of the agent’s voice then, longest', unit: 'ms', target: '≤ 100', better: 'lower' },
      (runs) => pauses(runs).map(({ lostMs }) => Math.abs(lostMs)),
      largest,
    ),
    row(
      { label: 'echo at −20 dB and below: the agent stopped itself', target: '= 0', ...percent },
      (runs) => echoAt(runs, (gainDb) => gainDb <= -20).map(stopped),
      percentOf,
    ),
    row(
      { label: 'echo at −10 dB: the agent stopped itself', target: '≤ 2', ...percent },
      (runs) => echoAt(runs, (gainDb) => gainDb > -20).map(stopped),
      percentOf,
    ),
    row(
      { label: 'onset → stop over an echo, p95', unit: 'ms', target: '≤ 400', better: 'lower' },
      (runs) => cutIns(runs).flatMap((cutIn) => (typeof cutIn === 'string' ? [] : [cutIn.delayMs])),
      p95,
    ),
    row(
      { label: 'interruptions over an echo that were missed', ...percent },
      (runs) => cutIns(runs).map((cutIn) => cutIn === 'missed'),
      percentOf,
    ),
  ];
}

const playedOf = ({ name, runs }: Outcome) => ({
  name,
  meanMs: mean(delaysOf(runs, 'hesitation')),
  cutOffs: inSet(runs, 'hesitation').map((run) => turnEndOf(run).cutOff),
});

function delayPlot(outcomes: readonly Outcome[]): RowResult['plots'][number] {
  return {
    file: 'turn-delay.svg',
    title: 'Hesitation set: end of the caller’s turn → agent',
    kind: 'cdf',
    xLabel: `ms, with ${PROVIDERS_MS} ms of model and voice`,
    yLabel: 'share of turns that were not cut off',
    series: outcomes.map(({ name, runs }) => ({ name, points: cdf(delaysOf(runs, 'hesitation')) })),
  };
}
