import type { SceneSet } from '../corpus/scene.ts';
import { buildScenes } from '../corpus/sets.ts';
import { compete, msOf, type Runs, shareOf } from '../harness/contest.ts';
import {
  answerDelaysOf,
  falseStopsOf,
  hasFalseStop,
  interruptionOf,
  lossesOf,
  pausesOf,
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
  const found = await compete(field, scenes, { ...PROVIDERS, atOnce: AT_ONCE }, signal);
  progress('the same hesitations in virtual time, under many policies');
  const turns = scenes.filter(({ set }) => set === 'hesitation');
  const played = new Map(found.map(([{ subject }, runs]) => [subject, inSet(runs, 'hesitation')]));
  const trade = await turnTrade(turns, PROVIDERS, played, signal);
  const line = field.lines(found);
  return { lines: [...turnLines(line), ...trade.lines, ...holdLines(line)], notes: [...field.notes, ...trade.notes] };
}

const inSet = (runs: Runs, set: SceneSet) => runs.filter(({ scene }) => scene.set === set);

function turnLines(line: LineMaker<Runs>): ReportedLine[] {
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

function holdLines(line: LineMaker<Runs>): ReportedLine[] {
  const murmurs = (runs: Runs) => inSet(runs, 'backchannel');
  const paused = (runs: Runs) => murmurs(runs).map(hasFalseStop);
  const gaveUp = (runs: Runs) => murmurs(runs).map((run) => falseStopsOf(run).some(({ resumed }) => !resumed));
  const pauses = (runs: Runs) => pausesOf(murmurs(runs));
  const losses = (runs: Runs) => lossesOf(murmurs(runs));
  const stopsAt = (runs: Runs, ...gainsDb: number[]) =>
    inSet(runs, 'echo').flatMap((run) => (gainsDb.includes(run.scene.echo?.gainDb ?? 0) ? [hasFalseStop(run)] : []));
  const faint = shareOf((runs) => stopsAt(runs, -20, -30));
  const loud = shareOf((runs) => stopsAt(runs, -10));
  const cutIns = (runs: Runs) => inSet(runs, 'echo-interruption');
  const overEcho = (runs: Runs) => stopDelaysOf(cutIns(runs));
  const missed = shareOf((runs) => cutIns(runs).map((run) => interruptionOf(run) === 'missed'));
  return [
    line('backchannels at which the agent paused', '%', shareOf(paused)),
    line('backchannels after which it did not go on', '%', shareOf(gaveUp)),
    line('pause at a backchannel, p95', 'ms', msOf(p95, pauses), '≤ 700'),
    line('lost or repeated of the agent’s voice then, longest', 'ms', msOf(largest, losses), '≤ 100'),
    line('echo at −20 dB and below: the agent stopped itself', '%', faint, '= 0'),
    line('echo at −10 dB: the agent stopped itself', '%', loud, '≤ 2'),
    line('onset → stop over an echo, p95', 'ms', msOf(p95, overEcho), '≤ 400'),
    line('interruptions over an echo that were missed', '%', missed),
  ];
}
