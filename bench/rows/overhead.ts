import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Call } from '../harness/call.ts';
import { linesOf } from '../harness/contest.ts';
import { Driver } from '../harness/driver.ts';
import { monotonicMs } from '../harness/protocol.ts';
import { sharpUtterance, type Utterance, withLead } from '../harness/spoken.ts';
import type { Subject } from '../report/run-report.ts';
import { cdfPlot, type Row, type RowContext, type RowResult } from '../row.ts';
import { measure, median, p95 } from '../statistics.ts';
import { type Contender, gatherField, orAbsent, peerNotes } from '../subjects/contenders.ts';

const SESSIONS = 8;
const TURNS = 4;
const HOLD_MS = 500;
const LLM_MS = 150;
const TTS_MS = 100;
/** Long enough to be told from nothing, short enough to be over before the next turn: 30 characters. */
const ANSWER = 'Sure, I can help you with that.';
const ANSWER_WAIT_MS = 2600;
/** The final comes before the fixed wait is over, so that nobody waits for words. */
const EARLY_FINAL_MS = 200;
/** From turn to turn the words begin so much later within a frame of the line; it comes to every millisecond of it. */
const SPREAD_MS = 7;
/** As in the turn-taking row: 500 ms of silence, and 200 more. */
const USUAL_FINAL_MS = 700;

const FIXED_POLICY: Readonly<Partial<Record<Subject, Record<string, unknown>>>> = {
  parley: {
    endpointing: { holdMs: HOLD_MS, minHoldMs: HOLD_MS, maxHoldMs: HOLD_MS, judgement: 'off', adaptToCaller: false },
    drafts: { mode: 'off' },
  },
  'livekit-default': {
    turnDetection: 'vad',
    endpointing: { minDelayMs: HOLD_MS, maxDelayMs: HOLD_MS },
    preemptiveGeneration: false,
  },
};

/** What the engine itself adds to an answer. */
export const overheadRow: Row = {
  name: 'overhead',
  title: 'What the engine adds to an answer, beyond the providers and the wait that the policy asks for',
  includes:
    'From the caller’s last loud sample, anywhere in a frame of the line, to the agent’s first frame at the sink, less the scripted model ' +
    `(${LLM_MS} ms), voice (${TTS_MS} ms) and the fixed wait (${HOLD_MS} ms): voice activity seeing the end, the state machine, the ` +
    'tasks of a turn, timers, the harness’s socket one way. The same fixed policy for all, early answers off. ' +
    `${SESSIONS} sessions in each process, words known ${EARLY_FINAL_MS} ms after the end.`,
  leavesOut: 'Networks, real providers, recognition time; load (see the cost row).',
  estimateSeconds: 60,
  run,
};

interface Answer {
  readonly thoughtAfterMs: number;
  readonly heardAfterMs: number;
}

async function run(context: RowContext): Promise<RowResult> {
  const field = await gatherField(context);
  const notes = [
    ...peerNotes(field),
    '"livekit-best" does not differ from "livekit-default" under a policy that fixes what sets them apart.',
  ];
  const all = async (contenders: readonly Contender[], finalMs: number, tokenMs: number) => {
    const utterance = await sharpUtterance(finalMs, ANSWER_WAIT_MS);
    const work = contenders.map((contender) =>
      orAbsent(field, contender.subject, context, async () => {
        const answers = await answersOf(contender, utterance, tokenMs, context, notes);
        return [contender.subject, answers] as const;
      }),
    );
    return (await Promise.all(work)).flat();
  };
  context.progress('the same fixed policy for all');
  const fixed = field.contenders.flatMap((contender) => {
    const policy = FIXED_POLICY[contender.subject];
    return policy ? [{ ...contender, policy }] : [];
  });
  const atFixed = await all(fixed, EARLY_FINAL_MS, 0);
  context.progress('each at its defaults');
  const atDefaults = await all(field.contenders, USUAL_FINAL_MS, 15);

  const [fixedLine, defaultsLine] = [linesOf(field, atFixed), linesOf(field, atDefaults)];
  const of = (value: (answer: Answer) => number, statistic: typeof median) => (answers: readonly Answer[]) =>
    measure(answers.map(value), statistic);
  const heard = ({ heardAfterMs }: Answer) => heardAfterMs;
  const added = ({ heardAfterMs }: Answer) => heardAfterMs - HOLD_MS - LLM_MS - TTS_MS;
  const untilAsked = ({ thoughtAfterMs }: Answer) => thoughtAfterMs - HOLD_MS;
  const afterAsking = ({ thoughtAfterMs, heardAfterMs }: Answer) => heardAfterMs - thoughtAfterMs - LLM_MS - TTS_MS;
  const series = atFixed.map(([subject, answers]) => [subject, answers.map(added)] as const);
  return {
    lines: [
      fixedLine('added, p50', 'ms', of(added, median), '≤ 10'),
      fixedLine('added, p95', 'ms', of(added, p95), '≤ 25'),
      fixedLine('of it until the model is asked, p50', 'ms', of(untilAsked, median)),
      fixedLine('of it from the model’s question to the first frame, p50', 'ms', of(afterAsking, median)),
      defaultsLine('end of speech → first frame, each at its defaults, p50', 'ms', of(heard, median)),
      defaultsLine('end of speech → first frame, each at its defaults, p95', 'ms', of(heard, p95)),
    ],
    plots: [cdfPlot('overhead.svg', 'Added beyond providers and the endpointing wait', 'answers', series)],
    notes,
  };
}

function answersOf(
  { command, policy, subject }: Contender,
  utterance: Utterance,
  tokenMs: number,
  { signal }: RowContext,
  notes: string[],
): Promise<readonly Answer[]> {
  const providers = { llm: { firstTokenMs: LLM_MS, tokenMs }, tts: { firstAudioMs: TTS_MS } };
  return Driver.use(command, signal, async (driver) => {
    for (let i = 0; i < SESSIONS; i += 1) await driver.open({ greeting: '', answer: ANSWER, policy, ...providers });
    await sleep(1000, undefined, { signal });
    await driver.beginNotes();
    const found = await Promise.all(driver.calls.map((call, number) => converse(call, utterance, number, signal)));
    notes.push(...(await driver.notes(subject)));
    const answers = found.flat();
    const unanswered = SESSIONS * TURNS - answers.length;
    if (unanswered > 0) notes.push(`${subject} left ${unanswered} of ${SESSIONS * TURNS} turns unanswered.`);
    return answers;
  });
}

async function converse(call: Call, utterance: Utterance, number: number, signal: AbortSignal): Promise<Answer[]> {
  const answers: Answer[] = [];
  // Spread over one another's turns.
  await sleep(number * 531, undefined, { signal });
  for (let turn = 0; turn < TURNS; turn += 1) {
    const { playback, endMs } = withLead(((number * TURNS + turn) * SPREAD_MS) % FRAME_MS, utterance);
    const endedMs = (await call.play(playback, monotonicMs())) + endMs;
    signal.throwIfAborted();
    const run = call.farEnd.runs.find(({ startMs }) => startMs >= endedMs);
    const asked = call.asked.findLast(({ atMs }) => run && atMs <= run.startMs);
    if (run && asked) answers.push({ thoughtAfterMs: asked.atMs - endedMs, heardAfterMs: run.startMs - endedMs });
    await sleep(200, undefined, { signal });
  }
  return answers;
}
