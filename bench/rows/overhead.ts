import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { agentClip } from '../harness/agent-clip.ts';
import type { Call } from '../harness/call.ts';
import { Driver } from '../harness/driver.ts';
import { monotonicMs, type SessionSettings } from '../harness/protocol.ts';
import { latenessNotes, lineOf } from '../harness/results.ts';
import { cdf, measure, median, p95 } from '../harness/statistics.ts';
import { sharpUtterance, type Utterance, withLead } from '../harness/talker.ts';
import type { Line, Row, RowContext, RowResult } from '../row.ts';
import { type Contender, gatherField, LIVEKIT_NOTE, orAbsent } from '../subjects/contenders.ts';

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

const FIXED_POLICY: Readonly<Record<string, Record<string, unknown>>> = {
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
    LIVEKIT_NOTE,
    `"livekit-best" does not differ from "livekit-default" under a policy that fixes what sets them apart.`,
  ];
  const fixed = field.contenders.flatMap((contender) => {
    const policy = FIXED_POLICY[contender.subject];
    return policy ? [{ ...contender, policy }] : [];
  });
  context.progress('the same fixed policy for all');
  const early = await sharpUtterance(EARLY_FINAL_MS, ANSWER_WAIT_MS);
  const all = async (contenders: readonly Contender[], utterance: Utterance, tokenMs: number) => {
    const work = contenders.map((contender) =>
      orAbsent(field, contender.subject, context, () => answersOf(contender, utterance, tokenMs, context, notes)),
    );
    return (await Promise.all(work)).flat();
  };
  const atFixed = await all(fixed, early, 0);
  context.progress('each at its defaults');
  const usual = await sharpUtterance(USUAL_FINAL_MS, ANSWER_WAIT_MS);
  const atDefaults = await all(field.contenders, usual, 15);

  const added = ({ heardAfterMs }: Answer) => heardAfterMs - HOLD_MS - LLM_MS - TTS_MS;
  const lineFor = (
    measured: typeof atFixed,
    head: Omit<Line, 'results'>,
    value: (answer: Answer) => number,
    statistic: (samples: readonly number[]) => number,
  ) =>
    lineOf(
      field,
      head,
      measured.map(({ subject, answers }) => [subject, measure(answers.map(value), statistic)] as const),
    );
  const ms = { unit: 'ms', better: 'lower' } as const;
  return {
    lines: [
      lineFor(atFixed, { label: 'added, p50', target: '≤ 10', ...ms }, added, median),
      lineFor(atFixed, { label: 'added, p95', target: '≤ 25', ...ms }, added, p95),
      lineFor(
        atFixed,
        { label: 'of it until the model is asked, p50', ...ms },
        ({ thoughtAfterMs }) => thoughtAfterMs - HOLD_MS,
        median,
      ),
      lineFor(
        atFixed,
        { label: 'of it from the model’s question to the first frame, p50', ...ms },
        ({ thoughtAfterMs, heardAfterMs }) => heardAfterMs - thoughtAfterMs - LLM_MS - TTS_MS,
        median,
      ),
      lineFor(
        atDefaults,
        { label: 'end of speech → first frame, each at its defaults, p50', ...ms },
        ({ heardAfterMs }) => heardAfterMs,
        median,
      ),
      lineFor(
        atDefaults,
        { label: 'end of speech → first frame, each at its defaults, p95', ...ms },
        ({ heardAfterMs }) => heardAfterMs,
        p95,
      ),
    ],
    plots: [
      {
        file: 'overhead.svg',
        title: 'Added beyond providers and the endpointing wait',
        kind: 'cdf',
        xLabel: 'ms',
        yLabel: 'share of answers',
        series: atFixed.map(({ subject, answers }) => ({ name: subject, points: cdf(answers.map(added)) })),
      },
    ],
    notes,
  };
}

async function answersOf(
  contender: Contender,
  utterance: Utterance,
  tokenMs: number,
  { signal }: RowContext,
  notes: string[],
): Promise<{ readonly subject: Contender['subject']; readonly answers: readonly Answer[] }> {
  const driver = await Driver.start(contender.command, await agentClip(), signal);
  try {
    const settings: SessionSettings = {
      greeting: '',
      answer: ANSWER,
      llm: { firstTokenMs: LLM_MS, tokenMs },
      tts: { firstAudioMs: TTS_MS },
      policy: contender.policy,
    };
    const calls: Call[] = [];
    for (let i = 0; i < SESSIONS; i += 1) calls.push(await driver.open(settings));
    await sleep(1000, undefined, { signal });
    driver.takeLateness();
    const answers = await Promise.all(calls.map((call, number) => converse(call, utterance, number, signal)));
    notes.push(...latenessNotes(contender.subject, driver.takeLateness()));
    const unanswered = SESSIONS * TURNS - answers.flat().length;
    if (unanswered > 0) notes.push(`${contender.subject} left ${unanswered} of ${SESSIONS * TURNS} turns unanswered.`);
    return { subject: contender.subject, answers: answers.flat() };
  } finally {
    await driver.close();
  }
}

async function converse(call: Call, utterance: Utterance, number: number, signal: AbortSignal): Promise<Answer[]> {
  const answers: Answer[] = [];
  // Spread over one another's turns.
  await sleep(number * 531, undefined, { signal });
  for (let turn = 0; turn < TURNS; turn += 1) {
    const leadMs = ((number * TURNS + turn) * SPREAD_MS) % FRAME_MS;
    const { playback, endMs } = withLead(leadMs, utterance);
    const endedMs = (await call.play(playback, monotonicMs())) + endMs;
    signal.throwIfAborted();
    const run = call.farEnd.runs.find(({ startMs }) => startMs >= endedMs);
    const asked = call.asked.findLast(({ atMs }) => run && atMs <= run.startMs);
    if (run && asked) answers.push({ thoughtAfterMs: asked.atMs - endedMs, heardAfterMs: run.startMs - endedMs });
    await sleep(200, undefined, { signal });
  }
  return answers;
}
