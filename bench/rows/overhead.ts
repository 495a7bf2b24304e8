import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Call } from '../harness/call.ts';
import { type SharpVoice, sharpUtterance } from '../harness/spoken.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { measure, median, p95 } from '../statistics.ts';
import { Field } from '../subjects/field.ts';
import { monotonicMs } from '../time.ts';

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

const POLICIES = {
  parley: {
    endpointing: { holdMs: HOLD_MS, minHoldMs: HOLD_MS, maxHoldMs: HOLD_MS, judgement: 'off', adaptToCaller: false },
    drafts: { mode: 'off' },
  },
  'livekit-default': {
    turnHandling: {
      ...{ turnDetection: 'vad', preemptiveGeneration: { enabled: false } },
      endpointing: { minDelay: HOLD_MS, maxDelay: HOLD_MS },
    },
  },
};

const SETTINGS = {
  ...{ greeting: '', answer: ANSWER },
  ...{ llm: { firstTokenMs: LLM_MS, tokenMs: 0 }, tts: { firstAudioMs: TTS_MS } },
};

/** What the engine itself adds to an answer. */
export const overheadRow: Row = {
  name: 'overhead',
  title: 'What the engine adds to an answer, beyond the providers and the wait that the policy asks for',
  includes:
    'From the caller’s last loud sample, anywhere in a frame of the line, to the agent’s first frame at the sink, less the scripted model ' +
    `(${LLM_MS} ms), voice (${TTS_MS} ms) and the fixed wait (${HOLD_MS} ms): voice activity seeing the end, the state machine, the ` +
    'tasks of a turn, timers, the harness’s way there. The same fixed policy for all, early answers off. ' +
    `${SESSIONS} sessions in each process, words known ${EARLY_FINAL_MS} ms after the end.`,
  leavesOut: 'Networks, real providers, recognition time; load (see the cost row).',
  estimateSeconds: 30,
  run,
};

/** What was added: in all, until the model was asked, and from then on. */
type Answer = Readonly<Record<'addedMs' | 'untilAskedMs' | 'afterAskingMs', number>>;
const of = (key: keyof Answer, statistic: typeof median) => (answers: readonly Answer[]) => {
  const figures = answers.map((answer) => answer[key]);
  return measure(figures, statistic);
};

async function run(context: RowContext): Promise<RowResult> {
  const { signal } = context;
  const field = await Field.gather(context);
  const say = await sharpUtterance(EARLY_FINAL_MS, ANSWER_WAIT_MS);
  const found = await field.measure([field.with(POLICIES)], async (driver, { subject, policy }) => {
    for (let i = 0; i < SESSIONS; i += 1) await driver.open({ ...SETTINGS, policy });
    await sleep(1000, undefined, { signal });
    const answers = await Promise.all(driver.calls.map((call, number) => converse(call, say, number, signal)));
    const unanswered = SESSIONS * TURNS - answers.flat().length;
    if (unanswered > 0) field.notes.push(`${subject} left ${unanswered} of ${SESSIONS * TURNS} turns unanswered.`);
    return answers.flat();
  });
  const line = field.lines(found);
  return {
    lines: [
      line('added, p50', 'ms', of('addedMs', median), '≤ 10'),
      line('added, p95', 'ms', of('addedMs', p95), '≤ 25'),
      line('of it until the model is asked, p50', 'ms', of('untilAskedMs', median)),
      line('of it from the model’s question to the first frame, p50', 'ms', of('afterAskingMs', median)),
    ],
    notes: field.notes,
  };
}

async function converse(call: Call, say: SharpVoice, number: number, signal: AbortSignal): Promise<Answer[]> {
  const answers: Answer[] = [];
  // Spread over one another's turns.
  await sleep(number * 531, undefined, { signal });
  for (let turn = 0; turn < TURNS; turn += 1) {
    const { playback, endMs } = say(((number * TURNS + turn) * SPREAD_MS) % FRAME_MS);
    const endedMs = (await call.play(playback, monotonicMs())) + endMs;
    signal.throwIfAborted();
    const run = call.farEnd.runs.find(({ startMs }) => startMs >= endedMs);
    const asked = call.asked.findLast(({ atMs }) => run && atMs <= run.startMs);
    if (run && asked) {
      const untilAskedMs = asked.atMs - endedMs - HOLD_MS;
      const afterAskingMs = run.startMs - asked.atMs - LLM_MS - TTS_MS;
      answers.push({ addedMs: untilAskedMs + afterAskingMs, untilAskedMs, afterAskingMs });
    }
    await sleep(200, undefined, { signal });
  }
  return answers;
}
