import type { SceneSet } from '../corpus/scene.ts';
import { buildScenes } from '../corpus/sets.ts';
import { compete, type Entry, lineMaker, type MakeLine, usualEntries } from '../harness/contest.ts';
import {
  answerDelaysOf,
  falseStopsOf,
  interruptionOf,
  type SceneRun,
  stopDelaysOf,
  turnEndOf,
} from '../harness/scenes.ts';
import type { ReportedLine } from '../report/run-report.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { cdf, largest, mean, median, p95, percentOf } from '../statistics.ts';
import { type Field, gatherField, peerNotes } from '../subjects/contenders.ts';
import { FIXED, turnTrade } from './turn-trade.ts';

const PER_CONDITION = { hesitation: 4, backchannel: 8, echo: 1, 'echo-interruption': 1, gaps: 1 } as const;
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
  const { seed, progress, signal } = context;
  const field = await gatherField(context, true);
  progress('making the scenes');
  const scenes = await buildScenes({ seed, sets: PER_CONDITION });
  const notes = peerNotes(field);
  const contest = { scenes, ...PROVIDERS, atOnce: AT_ONCE };
  const outcomes = await compete(field, usualEntries(field), contest, context, notes);
  const turns = scenes.filter(({ set }) => set === 'hesitation');
  const fixed = await compete(field, fixedEntries(field), { ...contest, scenes: turns }, context, notes);
  progress('the same hesitations in virtual time, under many policies');
  const played = [...outcomes, ...fixed].map(({ name, runs }) => ({ name, runs: inSet(runs, 'hesitation') }));
  const trade = await turnTrade({ scenes: turns, providers: PROVIDERS, played, signal });
  const row = lineMaker(field, outcomes);
  const targets = { mean: '≤ livekit-default', cutOff: '< livekit-default' };
  const withoutModel = ', plain fixed 500 ms (LiveKit without its model)';
  return {
    lines: [
      ...turnLines(row, 'hesitation', '', targets),
      ...trade.lines,
      ...turnLines(lineMaker({ ...field, absent: [] }, fixed), 'hesitation', withoutModel),
      ...turnLines(row, 'gaps', ', gaps in the line'),
      ...holdLines(row),
    ],
    plots: [
      {
        file: 'turn-delay.svg',
        title: 'Hesitation set: end of the caller’s turn → agent',
        kind: 'cdf',
        xLabel: `ms, with ${PROVIDERS_MS} ms of model and voice`,
        yLabel: 'share of turns that were not cut off',
        series: played.map(({ name, runs }) => ({ name, points: cdf(answerDelaysOf(runs)) })),
      },
      ...trade.plots,
    ],
    notes: [...notes, ...trade.notes],
  };
}

/** The plain fixed delay that many use, as LiveKit offers it. */
const fixedEntries = ({ contenders }: Field): Entry[] =>
  contenders
    .filter(({ subject }) => subject === 'livekit-default')
    .map((livekit) => {
      const policy = { turnDetection: 'vad', endpointing: { minDelayMs: 500, maxDelayMs: 500 } };
      return { name: FIXED, contender: { ...livekit, policy } };
    });

type Runs = readonly SceneRun[];
const inSet = (runs: Runs, set: SceneSet): SceneRun[] => runs.filter(({ scene }) => scene.set === set);
const MS = { unit: 'ms', better: 'lower' } as const;
const PERCENT = { unit: '%', better: 'lower' } as const;

function turnLines(
  row: MakeLine,
  set: SceneSet,
  which: string,
  targets: { readonly mean?: string; readonly cutOff?: string } = {},
): ReportedLine[] {
  const target = (text?: string) => (text === undefined ? {} : { target: text });
  const delays = (runs: Runs) => answerDelaysOf(inSet(runs, set));
  const turns = (runs: Runs) => inSet(runs, set).map(turnEndOf);
  return [
    row({ label: `end of turn → agent, mean${which}`, ...MS, ...target(targets.mean) }, delays, mean),
    row({ label: `end of turn → agent, p50${which}`, ...MS }, delays, median),
    row({ label: `end of turn → agent, p95${which}`, ...MS }, delays, p95),
    row(
      { label: `turns cut off${which}`, ...PERCENT, ...target(targets.cutOff) },
      (runs) => turns(runs).map(({ cutOff }) => cutOff),
      percentOf,
    ),
    row(
      { label: `turns not answered within 4 s${which}`, ...PERCENT },
      (runs) => turns(runs).map(({ answeredAfterMs }) => answeredAfterMs === undefined),
      percentOf,
    ),
  ];
}

function holdLines(row: MakeLine): ReportedLine[] {
  const backchannels = (runs: Runs) => inSet(runs, 'backchannel');
  const pauses = (runs: Runs) =>
    backchannels(runs).flatMap((run) => falseStopsOf(run).flatMap(({ resumed }) => resumed ?? []));
  const stopped = (run: SceneRun) => falseStopsOf(run).length > 0;
  const gaveUp = (run: SceneRun) => falseStopsOf(run).some(({ resumed }) => !resumed);
  const echoAt = (fits: (gainDb: number) => boolean) => (runs: Runs) =>
    inSet(runs, 'echo')
      .filter(({ scene }) => scene.echo && fits(scene.echo.gainDb))
      .map(stopped);
  const cutIns = (runs: Runs) => inSet(runs, 'echo-interruption');
  return [
    row(
      { label: 'backchannels at which the agent paused', ...PERCENT },
      (runs) => backchannels(runs).map(stopped),
      percentOf,
    ),
    row(
      { label: 'backchannels after which it did not go on', ...PERCENT },
      (runs) => backchannels(runs).map(gaveUp),
      percentOf,
    ),
    row(
      { label: 'pause at a backchannel, p95', target: '≤ 700', ...MS },
      (runs) => pauses(runs).map(({ afterMs }) => afterMs),
      p95,
    ),
    row(
      { label: 'lost or repeated of the agent’s voice then, longest', target: '≤ 100', ...MS },
      (runs) => pauses(runs).map(({ lostMs }) => Math.abs(lostMs)),
      largest,
    ),
    row(
      { label: 'echo at −20 dB and below: the agent stopped itself', target: '= 0', ...PERCENT },
      echoAt((gainDb) => gainDb <= -20),
      percentOf,
    ),
    row(
      { label: 'echo at −10 dB: the agent stopped itself', target: '≤ 2', ...PERCENT },
      echoAt((gainDb) => gainDb > -20),
      percentOf,
    ),
    row({ label: 'onset → stop over an echo, p95', target: '≤ 400', ...MS }, (runs) => stopDelaysOf(cutIns(runs)), p95),
    row(
      { label: 'interruptions over an echo that were missed', ...PERCENT },
      (runs) => cutIns(runs).map((run) => interruptionOf(run) === 'missed'),
      percentOf,
    ),
  ];
}
