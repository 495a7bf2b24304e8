import { setTimeout as sleep } from 'node:timers/promises';
import { agentClip, LONG_ANSWER } from '../harness/agent-clip.ts';
import type { Call } from '../harness/call.ts';
import { Driver } from '../harness/driver.ts';
import { momentsOf } from '../harness/intervals.ts';
import { monotonicMs, type SessionSettings, type Usage } from '../harness/protocol.ts';
import { latenessNotes, lineOf, overloadNotes } from '../harness/results.ts';
import { differenceOf, meanOf, once } from '../harness/statistics.ts';
import type { SubjectCommand, VoiceClip } from '../harness/subject-process.ts';
import { sharpUtterance, type Utterance } from '../harness/talker.ts';
import type { Line, Measure, Row, RowContext, RowResult, Subject } from '../row.ts';
import { emptyCommand } from '../subjects/commands.ts';
import { gatherField, LIVEKIT_NOTE, orAbsent } from '../subjects/contenders.ts';

const FEW = 10;
const MANY = 40;
const OPEN_EVERY_MS = 40;
/** A caller cuts in this long after having been quiet: with the words themselves, about every 6.5 s. */
const QUIET_MS = 4700;
const SETTLE_MS = 3000;
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
    'model and synthesiser, a sink in memory, and the harness’s socket, whose own cost is the line "of it the harness". Every ' +
    `caller cuts in about every 6.5 s. Marginal: what ${MANY - FEW} sessions more add to ${FEW}, for each of them.`,
  leavesOut:
    'Telephone sockets, JSON and base64, TLS, a Speech SDK recogniser (see the phone-cost row), WebRTC; the base of the process, shown apart.',
  estimateSeconds: 190,
  run,
};

const SETTINGS = {
  greeting: LONG_ANSWER,
  answer: LONG_ANSWER,
  llm: { firstTokenMs: 150, tokenMs: 15 },
  tts: { firstAudioMs: 100 },
} as const;

interface Cost {
  /** Memory from a few sessions to many, step by step, each after a full collection. */
  readonly memory: readonly Usage[];
  /** Percentages of a core: many sessions that listen, many that talk, a few that talk. */
  readonly listening: readonly number[];
  readonly talkingMany: readonly number[];
  readonly talkingFew: readonly number[];
}

async function run(context: RowContext): Promise<RowResult> {
  const field = await gatherField(context);
  const utterance = await sharpUtterance(200, 0);
  const notes = [
    LIVEKIT_NOTE,
    'In this row "best" is LiveKit at its cheapest: without the end-of-turn model (turnDetection vad), all else at its default.',
  ];
  const voice = await agentClip();
  const costOf = async (name: string, command: SubjectCommand, policy: SessionSettings['policy']) => {
    context.progress(`${name}: ${FEW} sessions, then ${MANY}`);
    return measureCost(name, command, policy, { utterance, voice, context, notes });
  };
  const empty = await costOf('the harness alone', emptyCommand(), {});
  const costs: (readonly [Subject, Cost])[] = [];
  for (const { subject, command, policy } of field.contenders) {
    const cheapest = subject === 'livekit-best' ? { turnDetection: 'vad' } : policy;
    const work = async () => [subject, await costOf(subject, command, cheapest)] as const;
    costs.push(...(await orAbsent(field, subject, context, work)));
  }

  const line = (head: Omit<Line, 'results'>, value: (cost: Cost) => Measure) =>
    lineOf(
      field,
      head,
      costs.map(([subject, cost]) => [subject, value(cost)] as const),
    );
  const cpu = { unit: '% of a core', better: 'lower' } as const;
  const mb = { unit: 'MB', better: 'lower' } as const;
  return {
    lines: [
      line({ label: 'a talking session, marginal', target: '≤ 0.3', ...cpu }, marginalCpu),
      line({ label: 'of it the harness (the empty subject, every session talking all the time)', ...cpu }, () =>
        marginalCpu(empty),
      ),
      line({ label: `a talking session, average of ${MANY}`, ...cpu }, ({ talkingMany }) => perSession(talkingMany)),
      line({ label: `a listening session, average of ${MANY}`, ...cpu }, ({ listening }) => perSession(listening)),
      line({ label: 'memory a session adds (RSS)', target: '≤ 1.5', ...mb }, (cost) => marginalMb(cost, 'rssBytes')),
      line({ label: 'memory a session adds (JavaScript heap and buffers)', ...mb }, (cost) =>
        marginalMb(cost, 'heapUsedBytes'),
      ),
      line({ label: `the process with ${FEW} sessions (RSS)`, ...mb }, wholeMb),
    ],
    plots: [
      {
        file: 'cost.svg',
        title: 'Processor time of the whole process',
        kind: 'line',
        xLabel: 'talking sessions',
        yLabel: '% of a core',
        series: [['the harness alone', empty] as const, ...costs].map(([name, { talkingFew, talkingMany }]) => ({
          name,
          points: [
            [FEW, average(talkingFew)],
            [MANY, average(talkingMany)],
          ] as const,
        })),
      },
    ],
    notes,
  };
}

interface CostSetting {
  readonly utterance: Utterance;
  readonly voice: VoiceClip;
  readonly context: RowContext;
  readonly notes: string[];
}

async function measureCost(
  name: string,
  command: SubjectCommand,
  policy: SessionSettings['policy'],
  { utterance, voice, context, notes }: CostSetting,
): Promise<Cost> {
  const { signal } = context;
  const driver = await Driver.start(command, voice, signal);
  const memory: Usage[] = [];
  const quiet = new AbortController();
  const talkAll = () => driver.calls.map((call) => talk(call, utterance, quiet.signal));
  const open = async (sessions: number, settleMs: number) => {
    for (let i = 0; i < sessions; i += 1) {
      await driver.open({ ...SETTINGS, policy });
      await sleep(OPEN_EVERY_MS, undefined, { signal });
    }
    await sleep(settleMs, undefined, { signal });
    memory.push(await driver.usage(true));
  };
  try {
    await open(FEW, SETTLE_MS);
    while (driver.calls.length < MANY) await open(MEMORY_STEP, MEMORY_SETTLE_MS);
    for (const call of driver.calls) call.interrupt();
    await sleep(CALM_MS, undefined, { signal });
    const listening = await stretch(driver, signal);

    driver.takeLateness();
    const talking = talkAll();
    // Everybody has been interrupted once by then, and the code that runs is compiled.
    await sleep(2 * SETTLE_MS, undefined, { signal });
    await driver.usage();
    const talkingMany = await stretch(driver, signal);
    notes.push(...latenessNotes(name, driver.takeLateness()), ...overloadNotes(name, await driver.usage()));
    for (const call of driver.calls.slice(FEW)) await driver.end(call);
    await sleep(CALM_MS, undefined, { signal });
    const talkingFew = await stretch(driver, signal);
    quiet.abort();
    await Promise.race([Promise.all(talking), sleep(0)]);
    return { memory, listening, talkingMany, talkingFew };
  } finally {
    quiet.abort();
    await driver.close();
  }
}

/** The percentage of a core that the process used, part by part. */
async function stretch(driver: Driver, signal: AbortSignal): Promise<readonly number[]> {
  const cpuPercent: number[] = [];
  let before: Usage = await driver.usage();
  for (let part = 0; part < PARTS; part += 1) {
    await sleep(PART_MS, undefined, { signal });
    const after = await driver.usage();
    const usedUs = after.cpuUserUs + after.cpuSystemUs - before.cpuUserUs - before.cpuSystemUs;
    cpuPercent.push(usedUs / 10 / (after.atMs - before.atMs));
    before = after;
  }
  return cpuPercent;
}

/** Cuts in again and again, each caller at moments of its own. Ends when told to, or with the call. */
async function talk(call: Call, { playback }: Utterance, signal: AbortSignal): Promise<void> {
  try {
    await sleep(500 + ((call.session * 0.618) % 1) * QUIET_MS, undefined, { signal });
    while (!signal.aborted) {
      await call.play(playback, monotonicMs());
      await sleep(QUIET_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const average = (values: readonly number[]): number => momentsOf(values).mean;

const perSession = (cpuPercent: readonly number[]): Measure => meanOf(cpuPercent.map((percent) => percent / MANY));

const marginalCpu = ({ talkingFew, talkingMany }: Cost): Measure => differenceOf(talkingMany, talkingFew, MANY - FEW);

/** From the first reading to the last; how the steps between differ says how far that is known. */
const marginalMb = ({ memory }: Cost, which: 'rssBytes' | 'heapUsedBytes'): Measure => meanOf(stepsMb(memory, which));

/** One process was read: the steps say what a reading is worth, but nobody knows where another process would settle. */
function wholeMb({ memory }: Cost): Measure {
  const { variance } = momentsOf(stepsMb(memory, 'rssBytes'));
  return once((memory[0]?.rssBytes ?? Number.NaN) / 1e6, MEMORY_STEP * Math.sqrt(variance));
}

function stepsMb(memory: readonly Usage[], which: 'rssBytes' | 'heapUsedBytes'): number[] {
  return memory.slice(1).map((usage, at) => (usage[which] - (memory[at]?.[which] ?? 0)) / MEMORY_STEP / 1e6);
}
