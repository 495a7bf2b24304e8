import type { SceneSet } from '../corpus/scene.ts';
import { buildScenes } from '../corpus/sets.ts';
import { compete, msOf, type Runs, shareOf } from '../harness/contest.ts';
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
import { largest, mean, median, p95 } from '../statistics.ts';
import { Field, type LineMaker } from '../subjects/field.ts';
import { turnTrade } from './turn-trade.ts';

const PER_CONDITION = { hesitation: 4, backchannel: 8, echo: 1, 'echo-interruption': 1 } as const;
const AT_ONCE = 24;
/** What the scripted model and voice take for the first word: part of every delay below. */
const PROVIDERS = { llm: { firstTokenMs: 200, tokenMs: 15 }, tts: { firstAudioMs: 100 } } as const;
const PROVIDERS_MS = PROVIDERS.llm.firstTokenMs + PROVIDERS.tts.firstAudioMs;

/** When the agent takes its turn, and when it keeps it. */
export const turnTakingRow: Row = {
  name: 'turn-taking',
  title: 'Turn-taking: hesitations, backchannels, the agent’s own echo',
  includes:
    `Delay: from the last audible sample of the caller’s turn to the agent’s first frame at the sink, with ${PROVIDERS_MS} ms of ` +
    'scripted model and voice in it. A cut-off: the agent was heard before the caller was done. Echo: what the agent really ' +
    'played comes back into the caller’s line at a stated level and delay. Real time, one process a subject.',
  leavesOut:
    'Mistakes of a recogniser: a script says every word right, 250 ms after its end, and the final 700 ms after a phrase; it ' +
    'does not transcribe the echo. Networks. Gaps in the line (the soak has them).',
  estimateSeconds: 135,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const { seed, progress, signal } = context;
  const field = await Field.gather(context);
  progress('making the scenes');
  const scenes = await buildScenes({ seed, sets: PER_CONDITION });
  const turns = scenes.filter(({ set }) => set === 'hesitation');
  const found = await compete(field, field.contenders, { scenes, ...PROVIDERS, atOnce: AT_ONCE }, context);
  progress('the same hesitations in virtual time, under many policies');
  const played = found.map(([{ subject: name }, runs]) => ({ name, runs: inSet(runs, 'hesitation') }));
  const trade = await turnTrade({ scenes: turns, providers: PROVIDERS, played, signal });
  const line = field.lines(found);
  return {
    lines: [...turnLines(line), ...trade.lines, ...holdLines(line)],
    notes: [...field.notes, ...trade.notes],
  };
}

type MakeLine = LineMaker<Runs>;
const inSet = (runs: Runs, set: SceneSet): SceneRun[] => runs.filter(({ scene }) => scene.set === set);

function turnLines(line: MakeLine): ReportedLine[] {
  const delays = (runs: Runs) => answerDelaysOf(inSet(runs, 'hesitation'));
  const turns = (runs: Runs) => inSet(runs, 'hesitation').map(turnEndOf);
  const cutOff = shareOf((runs) => turns(runs).map((turn) => turn.cutOff));
  const unanswered = shareOf((runs) => turns(runs).map(({ answeredAfterMs }) => answeredAfterMs === undefined));
  return [
    line('end of turn → agent, mean', 'ms', msOf(mean, delays), '≤ livekit-default'),
    line('end of turn → agent, p50', 'ms', msOf(median, delays)),
    line('end of turn → agent, p95', 'ms', msOf(p95, delays)),
    line('turns cut off', '%', cutOff, '< livekit-default'),
    line('turns not answered within 4 s', '%', unanswered),
  ];
}

function holdLines(line: MakeLine): ReportedLine[] {
  const hasStop = (run: SceneRun) => falseStopsOf(run).length > 0;
  const stops = (runs: Runs) => inSet(runs, 'backchannel').map(falseStopsOf);
  const resumed = (runs: Runs) => stops(runs).flatMap((some) => some.flatMap((stop) => stop.resumed ?? []));
  const paused = shareOf((runs) => inSet(runs, 'backchannel').map(hasStop));
  const gaveUp = shareOf((runs) => stops(runs).map((some) => some.some((stop) => !stop.resumed)));
  const pauses = (runs: Runs) => resumed(runs).map(({ afterMs }) => afterMs);
  const losses = (runs: Runs) => resumed(runs).map(({ lostMs }) => Math.abs(lostMs));
  const echoAt = (fits: (gainDb: number) => boolean) =>
    shareOf((runs) => inSet(runs, 'echo').flatMap((run) => (fits(run.scene.echo?.gainDb ?? 0) ? [hasStop(run)] : [])));
  const faint = echoAt((gainDb) => gainDb <= -20);
  const loud = echoAt((gainDb) => gainDb > -20);
  const cutIns = (runs: Runs) => inSet(runs, 'echo-interruption');
  const overEcho = (runs: Runs) => stopDelaysOf(cutIns(runs));
  const missed = shareOf((runs) => cutIns(runs).map((run) => interruptionOf(run) === 'missed'));
  return [
    line('backchannels at which the agent paused', '%', paused),
    line('backchannels after which it did not go on', '%', gaveUp),
    line('pause at a backchannel, p95', 'ms', msOf(p95, pauses), '≤ 700'),
    line('lost or repeated of the agent’s voice then, longest', 'ms', msOf(largest, losses), '≤ 100'),
    line('echo at −20 dB and below: the agent stopped itself', '%', faint, '= 0'),
    line('echo at −10 dB: the agent stopped itself', '%', loud, '≤ 2'),
    line('onset → stop over an echo, p95', 'ms', msOf(p95, overEcho), '≤ 400'),
    line('interruptions over an echo that were missed', '%', missed),
  ];
}
