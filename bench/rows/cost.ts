import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../harness/call.ts';
import type { Driver } from '../harness/driver.ts';
import type { SessionSettings, Usage } from '../harness/protocol.ts';
import { LONG_ANSWER, SHORT_ANSWER, sharpUtterance, type Utterance } from '../harness/spoken.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { differenceOf, meanOf, momentsOf, once } from '../statistics.ts';
import { Field } from '../subjects/field.ts';
import { monotonicMs } from '../time.ts';

const FEW = 10;
const MANY = 40;
const OPEN_EVERY_MS = 40;
/** A caller cuts in this long after having been quiet: with the words themselves, about every 6.5 s. */
const QUIET_MS = 4700;
const SETTLE_MS = 3000;
/** Who has been silent for so long has ended its greeting. */
const CALM_MS = 2000;
/** Each stretch is measured in so many parts, whose differences are the spread. */
const PARTS = 5;
const PART_MS = 1000;
/** Memory is read after every so many sessions: the steps from reading to reading are the spread. */
const MEMORY_STEP = 5;
const MEMORY_SETTLE_MS = 700;

/** What a session costs the process that holds it. */
export const costRow: Row = {
  name: 'cost',
  title: 'What a session costs: processor time and memory',
  includes:
    'All threads of the subject’s process, native ones too: the engine with voice activity for each session, scripted recogniser, ' +
    'model and synthesiser, a sink in memory, and the way to the harness. Every caller cuts in about every 6.5 s. Marginal: ' +
    `what ${MANY - FEW} sessions more add to ${FEW}, for each of them.`,
  leavesOut:
    'Telephone sockets, JSON and base64, TLS, a Speech SDK recogniser (see the row of a hundred calls), WebRTC; the base of the process, shown apart.',
  estimateSeconds: 190,
  run,
};

const SETTINGS = {
  answer: LONG_ANSWER,
  ...{ llm: { firstTokenMs: 150, tokenMs: 15 }, tts: { firstAudioMs: 100 } },
} as const;
/** Without LiveKit's end-of-turn model "best" is its cheapest. */
const POLICIES = { parley: {}, 'livekit-default': {}, 'livekit-best': { turnHandling: { turnDetection: 'vad' } } };

interface Cost {
  /** Memory from a few sessions to many, step by step, each after a full collection. */
  readonly memory: readonly Usage[];
  /** Percentages of a core: many sessions that listen, many that talk, a few that talk. */
  readonly listening: readonly number[];
  readonly talkingMany: readonly number[];
  readonly talkingFew: readonly number[];
}

const perSession = (key: 'listening' | 'talkingMany') => (cost: Cost) =>
  meanOf(cost[key].map((percent) => percent / MANY));
export const marginal = ({ talkingFew, talkingMany }: Cost) => differenceOf(talkingMany, talkingFew, MANY - FEW);
/** What each session added, from reading to reading; how the steps differ says how far that is known. */
const stepsMb = ({ memory }: Cost, which: 'rssBytes' | 'heapUsedBytes'): number[] =>
  memory.slice(1).map((usage, at) => (usage[which] - (memory[at]?.[which] ?? 0)) / MEMORY_STEP / 1e6);
const added = (which: 'rssBytes' | 'heapUsedBytes') => (cost: Cost) => meanOf(stepsMb(cost, which));
/** One process was read: the steps say what a reading is worth, but nobody knows where another process would settle. */
const wholeMb = (cost: Cost) => {
  const step = MEMORY_STEP * Math.sqrt(momentsOf(stepsMb(cost, 'rssBytes')).variance);
  return once((cost.memory[0]?.rssBytes ?? Number.NaN) / 1e6, step);
};

async function run(context: RowContext): Promise<RowResult> {
  const { signal } = context;
  const field = await Field.gather(context);
  const utterance = (await sharpUtterance(200, 0))();
  field.notes.push(
    'In this row "best" is LiveKit at its cheapest: without the end-of-turn model (turnDetection vad), all else at its default.',
  );
  const rounds = field.with(POLICIES).map((one) => [one]);
  const found = await field.measure(rounds, (driver, { policy }) => costOf(driver, policy, utterance, signal));
  const line = field.lines(found);
  const cpu = '% of a core';
  return {
    lines: [
      line('a talking session, marginal', cpu, marginal, '≤ 0.3'),
      line(`a talking session, average of ${MANY}`, cpu, perSession('talkingMany')),
      line(`a listening session, average of ${MANY}`, cpu, perSession('listening')),
      line('memory a session adds (RSS)', 'MB', added('rssBytes'), '≤ 1.5'),
      line('memory a session adds (JavaScript heap and buffers)', 'MB', added('heapUsedBytes')),
      line(`the process with ${FEW} sessions (RSS)`, 'MB', wholeMb),
    ],
    notes: field.notes,
  };
}

/** @param greeting left out where a speech-to-speech service speaks, which has none */
export async function costOf(
  driver: Driver,
  policy: SessionSettings['policy'],
  utterance: Utterance,
  signal: AbortSignal,
  greeting = SHORT_ANSWER,
): Promise<Cost> {
  const memory: Usage[] = [];
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const open = async (sessions: number, settleMs: number) => {
    for (let i = 0; i < sessions; i += 1) {
      await driver.open({ ...SETTINGS, greeting, policy });
      await wait(OPEN_EVERY_MS);
    }
    await wait(settleMs);
    memory.push(await driver.usage(true));
  };
  /** The percentage of a core that the process used, part by part. */
  const stretch = async (): Promise<readonly number[]> => {
    const cpuPercent: number[] = [];
    let before = await driver.usage();
    for (let part = 0; part < PARTS; part += 1) {
      await wait(PART_MS);
      const after = await driver.usage();
      cpuPercent.push((after.cpuUs - before.cpuUs) / 10 / (after.atMs - before.atMs));
      before = after;
    }
    return cpuPercent;
  };
  await open(FEW, SETTLE_MS);
  while (driver.calls.length < MANY) await open(MEMORY_STEP, MEMORY_SETTLE_MS);
  const isCalm = ({ farEnd }: Call) => farEnd.quietMsAt(monotonicMs()) > CALM_MS;
  while (!driver.calls.every(isCalm)) await wait(100);
  const listening = await stretch();

  for (const call of driver.calls) void talk(call, utterance, signal);
  // Everybody has been interrupted once by then, and the code that runs is compiled.
  await wait(2 * SETTLE_MS);
  const talkingMany = await stretch();
  for (const call of driver.calls.slice(FEW)) await driver.end(call);
  await wait(CALM_MS);
  return { memory, listening, talkingMany, talkingFew: await stretch() };
}

/** Cuts in again and again, each caller at moments of its own, as long as the line has a beat. */
async function talk(call: Call, { playback }: Utterance, signal: AbortSignal): Promise<void> {
  const quiet = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  await quiet(500 + ((call.session * 0.618) % 1) * QUIET_MS);
  while (!signal.aborted) {
    await call.play(playback, monotonicMs());
    await quiet(QUIET_MS);
  }
}
