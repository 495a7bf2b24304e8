import { setTimeout as sleep } from 'node:timers/promises';
import { agentClip, LONG_ANSWER } from '../harness/agent-clip.ts';
import type { Call } from '../harness/call.ts';
import { Driver } from '../harness/driver.ts';
import { countInterval } from '../harness/intervals.ts';
import { monotonicMs, type SessionSettings } from '../harness/protocol.ts';
import { latenessNotes, lineOf, overloadNotes } from '../harness/results.ts';
import { cdf, largestOver, measureOver, median, quantileAt, trialsOver } from '../harness/statistics.ts';
import { sharpUtterance, type Utterance } from '../harness/talker.ts';
import type { Line, Measure, Row, RowContext, RowResult, Subject } from '../row.ts';
import { type Contender, gatherField, LIVEKIT_NOTE, orAbsent } from '../subjects/contenders.ts';

const SESSIONS = 100;
const ROUNDS = 3;
const OPEN_EVERY_MS = 25;
const AUDIBLE_WAIT_MS = 3000;
const AFTER_STOP_MS = 500;
/** The cheapest setting of each: the row is about the way of a command, and a hundred sessions are a lot for one process. */
const POLICIES: Readonly<Record<string, Record<string, unknown>>> = {
  parley: {},
  'livekit-default': { turnDetection: 'vad' },
};

/** How long after "be quiet" an agent is. */
export const commandStopRow: Row = {
  name: 'command-stop',
  title: `An interrupt command until the stop at the sink, ${SESSIONS} sessions in one process`,
  includes:
    'From the driver’s writing of the command to the system’s telling its sink to be silent, at random moments of a long ' +
    'answer: the harness’s socket one way (see the empty subject), the queue of the event loop under the load of all sessions, the stop.',
  leavesOut: 'The sink’s own way to a telephone (see the rows over the ACS socket).',
  estimateSeconds: 50,
  run,
};

interface Stopped {
  readonly subject: Subject;
  /** In order of time; undefined where no stop came. */
  readonly commands: readonly { readonly sentMs: number; readonly delayMs: number | undefined }[];
  readonly staleFrames: number;
}

/** What delays one stop delays all that are due at the time. */
const MOMENT_MS = 300;

function momentsOf({ commands }: Stopped): Stopped['commands'][] {
  return [...Map.groupBy(commands, ({ sentMs }) => Math.floor(sentMs / MOMENT_MS)).values()];
}

const delaysIn = (commands: Stopped['commands']): number[] => commands.flatMap(({ delayMs }) => delayMs ?? []);

async function run(context: RowContext): Promise<RowResult> {
  const field = await gatherField(context);
  const utterance = await sharpUtterance(200, 400);
  const notes = [LIVEKIT_NOTE, 'In this row LiveKit runs without its end-of-turn model, which would only add load.'];
  const stopped: Stopped[] = [];
  for (const contender of field.contenders) {
    const policy = POLICIES[contender.subject];
    if (!policy) continue;
    context.progress(`${SESSIONS} sessions of ${contender.subject}`);
    const work = () => stopAll({ ...contender, policy }, utterance, context, notes);
    stopped.push(...(await orAbsent(field, contender.subject, context, work)));
  }

  const line = (head: Omit<Line, 'results'>, value: (of: Stopped) => Measure | { readonly none: string }) =>
    lineOf(
      field,
      head,
      stopped.map((of) => [of.subject, value(of)] as const),
    );
  const ms = { unit: 'ms', better: 'lower' } as const;
  const count = { unit: '', better: 'lower' } as const;
  return {
    lines: [
      line({ label: 'command → stop, p50', ...ms }, (of) => measureOver(momentsOf(of).map(delaysIn), median)),
      line({ label: 'command → stop, p99', target: '≤ 5', ...ms }, (of) =>
        measureOver(momentsOf(of).map(delaysIn), quantileAt(0.99)),
      ),
      line({ label: 'command → stop, longest', ...ms }, (of) => largestOver(momentsOf(of).map(delaysIn))),
      line({ label: 'commands without a stop', ...count }, (of) =>
        trialsOver(momentsOf(of).map((moment) => moment.map(({ delayMs }) => delayMs === undefined))),
      ),
      line(
        { label: 'frames of the old turn after the stop', target: '= 0', ...count },
        ({ staleFrames, commands }) => ({ value: staleFrames, ...countInterval(staleFrames), n: commands.length }),
      ),
    ],
    plots: [
      {
        file: 'command-stop.svg',
        title: 'Interrupt command → stop at the sink',
        kind: 'cdf',
        xLabel: 'ms',
        yLabel: 'share of commands',
        series: stopped.map(({ subject, commands }) => ({ name: subject, points: cdf(delaysIn(commands)) })),
      },
    ],
    notes,
  };
}

async function stopAll(
  contender: Contender,
  utterance: Utterance,
  { signal }: RowContext,
  notes: string[],
): Promise<Stopped> {
  const driver = await Driver.start(contender.command, await agentClip(), signal);
  try {
    const settings: SessionSettings = {
      greeting: LONG_ANSWER,
      answer: LONG_ANSWER,
      llm: { firstTokenMs: 100, tokenMs: 5 },
      tts: { firstAudioMs: 100 },
      policy: contender.policy,
    };
    const calls: Call[] = [];
    for (let i = 0; i < SESSIONS; i += 1) {
      calls.push(await driver.open(settings));
      await sleep(OPEN_EVERY_MS, undefined, { signal });
    }
    await sleep(1000, undefined, { signal });
    driver.takeLateness();
    await driver.usage();
    const delays = await Promise.all(calls.map((call, number) => stopOne(driver, call, utterance, number, signal)));
    notes.push(...latenessNotes(contender.subject, driver.takeLateness()));
    notes.push(...overloadNotes(contender.subject, await driver.usage()));
    const commands = delays.flat().toSorted((a, b) => a.sentMs - b.sentMs);
    const silent = SESSIONS * ROUNDS - commands.length;
    if (silent > 0) {
      const times = `${silent} of ${SESSIONS * ROUNDS} times`;
      notes.push(
        `${contender.subject}: ${times} no agent spoke within ${AUDIBLE_WAIT_MS} ms, and nothing was commanded.`,
      );
    }
    const staleFrames = calls.reduce((total, { farEnd }) => total + farEnd.staleFrames, 0);
    return { subject: contender.subject, commands, staleFrames };
  } finally {
    await driver.close();
  }
}

/** Interrupts, lets the caller say something, waits for the answer, interrupts that. */
async function stopOne(
  driver: Driver,
  call: Call,
  { playback }: Utterance,
  number: number,
  signal: AbortSignal,
): Promise<Stopped['commands']> {
  const commands: Stopped['commands'][number][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // No two sessions at the same moment, and none in step with the beat.
    await sleep(((number * 61.8) % 1000) + 300, undefined, { signal });
    if (await driver.untilAudible(call, AUDIBLE_WAIT_MS)) {
      const sentMs = monotonicMs();
      call.interrupt();
      await sleep(AFTER_STOP_MS, undefined, { signal });
      const stop = call.farEnd.stops.find(({ atMs }) => atMs >= sentMs);
      commands.push({ sentMs, delayMs: stop && stop.atMs - sentMs });
    }
    if (round < ROUNDS - 1) await call.play(playback, monotonicMs());
  }
  return commands;
}
