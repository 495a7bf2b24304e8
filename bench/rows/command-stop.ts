import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../harness/call.ts';
import { linesOf } from '../harness/contest.ts';
import { Driver } from '../harness/driver.ts';
import { monotonicMs, type SessionSettings } from '../harness/protocol.ts';
import { LONG_ANSWER, sharpUtterance, type Utterance } from '../harness/spoken.ts';
import type { Measure, Subject } from '../report/run-report.ts';
import { cdfPlot, type Row, type RowContext, type RowResult } from '../row.ts';
import { countInterval, quantileOver, trialsOver } from '../statistics.ts';
import { type Contender, gatherField, orAbsent, peerNotes } from '../subjects/contenders.ts';

const SESSIONS = 100;
const ROUNDS = 3;
const OPEN_EVERY_MS = 25;
const AUDIBLE_WAIT_MS = 3000;
const AFTER_STOP_MS = 500;
/** The cheapest setting of each: the row is about the way of a command, and a hundred sessions are a lot for one process. */
const POLICIES: Readonly<Partial<Record<Subject, Record<string, unknown>>>> = {
  parley: {},
  'livekit-default': { turnDetection: 'vad' },
};
/** What delays one stop delays all that are due at the time. */
const MOMENT_MS = 300;

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

/** `delayMs` is undefined where no stop came. */
type Commanded = { readonly sentMs: number; readonly delayMs: number | undefined };

interface Stopped {
  readonly subject: Subject;
  readonly moments: readonly (readonly Commanded[])[];
  readonly staleFrames: number;
}

const staleOf = ({ staleFrames, moments }: Stopped): Measure => {
  return { value: staleFrames, ...countInterval(staleFrames), n: moments.flat().length };
};

const delaysOf = ({ moments }: Stopped): number[][] =>
  moments.map((moment) => moment.flatMap(({ delayMs }) => delayMs ?? []));

async function run(context: RowContext): Promise<RowResult> {
  const field = await gatherField(context);
  const utterance = await sharpUtterance(200, 400);
  const notes = [
    ...peerNotes(field),
    'In this row LiveKit runs without its end-of-turn model, which would only add load.',
  ];
  const stopped: Stopped[] = [];
  for (const contender of field.contenders) {
    const policy = POLICIES[contender.subject];
    if (!policy) continue;
    context.progress(`${SESSIONS} sessions of ${contender.subject}`);
    const work = () => stopAll({ ...contender, policy }, utterance, context, notes);
    stopped.push(...(await orAbsent(field, contender.subject, context, work)));
  }
  const line = linesOf(
    field,
    stopped.map((of) => [of.subject, of]),
  );
  const delay = (share: number) => (of: Stopped) => quantileOver(delaysOf(of), share);
  return {
    lines: [
      line('command → stop, p50', 'ms', delay(0.5)),
      line('command → stop, p99', 'ms', delay(0.99), '≤ 5'),
      line('command → stop, longest', 'ms', delay(1)),
      line('commands without a stop', '', ({ moments }) =>
        trialsOver(moments.map((moment) => moment.map(({ delayMs }) => delayMs === undefined))),
      ),
      line('frames of the old turn after the stop', '', staleOf, '= 0'),
    ],
    plots: [
      cdfPlot(
        'command-stop.svg',
        'Interrupt command → stop at the sink',
        'commands',
        stopped.map((of) => [of.subject, delaysOf(of).flat()]),
      ),
    ],
    notes,
  };
}

function stopAll(
  { command, policy, subject }: Contender,
  utterance: Utterance,
  { signal }: RowContext,
  notes: string[],
): Promise<Stopped> {
  const settings: SessionSettings = {
    ...{ greeting: LONG_ANSWER, answer: LONG_ANSWER, policy },
    ...{ llm: { firstTokenMs: 100, tokenMs: 5 }, tts: { firstAudioMs: 100 } },
  };
  return Driver.use(command, signal, async (driver) => {
    for (let i = 0; i < SESSIONS; i += 1) {
      await driver.open(settings);
      await sleep(OPEN_EVERY_MS, undefined, { signal });
    }
    await sleep(1000, undefined, { signal });
    await driver.beginNotes();
    const found = await Promise.all(driver.calls.map((call) => stopOne(driver, call, utterance, signal)));
    notes.push(...(await driver.notes(subject)));
    const commands = found.flat();
    const silent = SESSIONS * ROUNDS - commands.length;
    if (silent > 0) {
      const times = `${silent} of ${SESSIONS * ROUNDS} times`;
      notes.push(`${subject}: ${times} no agent spoke within ${AUDIBLE_WAIT_MS} ms, and nothing was commanded.`);
    }
    const moments = [...Map.groupBy(commands, ({ sentMs }) => Math.floor(sentMs / MOMENT_MS)).values()];
    return { subject, moments, staleFrames: driver.calls.reduce((sum, { farEnd }) => sum + farEnd.staleFrames, 0) };
  });
}

/** Interrupts, lets the caller say something, waits for the answer, interrupts that. */
async function stopOne(driver: Driver, call: Call, { playback }: Utterance, signal: AbortSignal): Promise<Commanded[]> {
  const commands: Commanded[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // No two sessions at the same moment, and none in step with the beat.
    await sleep(((call.session * 61.8) % 1000) + 300, undefined, { signal });
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
