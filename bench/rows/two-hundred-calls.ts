import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadTest, type Measured } from '../acs/load-test.ts';
import type { DialOutcome } from '../acs/phone-call.ts';
import {
  contentionNote,
  countedIn,
  cpuOf,
  mainThreadCpuOf,
  type Stretch,
  stretchesOf,
  waitedOf,
} from '../acs/talk-figures.ts';
import type { Measure } from '../report/run-report.ts';
import { cdfPlot, parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { bootstrapInterval, meanOf, once, quantileOver, sumOf, trialsOf } from '../statistics.ts';

const CALLS = 200;
/** As many as there are cores: each host has one main thread. */
const HOSTS = 2;
const DEFAULT_SECONDS = 60;
const STRETCH_SECONDS = 15;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 5;
const WARM_MS = 12_000;
/** Calls that knock when all places are taken, while the others talk. */
const EXTRA_CALLS = 20;
/** Where the number of places sets no limit, calls come in such groups until the load closes the door. */
const GROUP = 10;
const MOST_CALLS = 600;
const AFTER_CLOSING_SECONDS = 15;

/** Two hundred calls for minutes, and what keeps a host from taking one too many. */
export const twoHundredCallsRow: Row = {
  name: 'two-hundred-calls',
  title: `${CALLS} calls at once, and admission control`,
  includes:
    `The whole stream host in ${HOSTS} replicas, one for each core, with Redis; callers and providers in processes of ` +
    'their own on the same machine. Callers talk as on ordinary calls: they hear four answers of five to their end and ' +
    `cut the fifth short. First ${CALLS} calls on hosts with ${CALLS} places, at which ${EXTRA_CALLS} more knock in the ` +
    'middle. Then hosts whose number of places sets no limit get calls until one refuses them by its load. `--seconds ' +
    '300` has the calls talk for five minutes.',
  leavesOut: 'TLS, the network and Azure. The load generator needs a part of the same cores.',
  estimateSeconds: DEFAULT_SECONDS + 110,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const { connected, measured, knockedAt, refused } = await fillPlaces(context);
  const load = await fillUntilBusy(context);
  const stretches = measured.flatMap(stretchesOf);
  const knocked = measured.slice(knockedAt, knockedAt + 1).flatMap(stretchesOf);
  const jitter = stretches.map(({ jitterMs }) => jitterMs);
  const talkSeconds = measured.reduce((sum, { host }) => sum + host.elapsedMs / 1000, 0);
  const afterwards = stretchesOf(load.measured);
  // All of them is a share of trials; fewer is where the load closed the door, which happens once in a run.
  const admitted = connected === CALLS ? trialsOf(connected, CALLS) : once(connected, GROUP);
  const knocks = trialsOf(refused, EXTRA_CALLS);
  const jitterThen = quantileOver(
    afterwards.map(({ jitterMs }) => jitterMs),
    0.99,
  );
  return {
    lines: [
      parleyLine(`calls let in, of ${CALLS}`, '', admitted, `= ${CALLS}`, 'higher'),
      parleyLine('late frames (a gap in the sound)', '', countedIn(stretches, 'lateFrames'), '= 0'),
      parleyLine('silence in these gaps', 'ms', sumOf(stretches.map(({ counts }) => counts.gapMs))),
      parleyLine('frames of the agents’ voices', '', countedIn(stretches, 'frames'), undefined, 'higher'),
      parleyLine('delay behind the schedule, p99', 'ms', quantileOver(jitter, 0.99)),
      parleyLine('frames of an old answer after a stop', '', countedIn(stretches, 'oldFrames'), '= 0'),
      parleyLine('interruptions', '', countedIn(stretches, 'interruptions'), undefined, 'higher'),
      parleyLine('interruptions not heeded within 1.5 s', '', countedIn(stretches, 'missedInterruptions'), '= 0'),
      parleyLine('turns without an answer within 10 s', '', countedIn(stretches, 'unanswered'), '= 0'),
      parleyLine('lines that broke', '', countedIn(stretches, 'closed'), '= 0'),
      parleyLine('event loop delay, p99 of a stretch', 'ms', meanOf(measured.map(({ host }) => host.loopDelayP99Ms))),
      parleyLine('CPU of the hosts', '% of a core', meanOf(measured.map(cpuOf))),
      parleyLine('CPU of their main threads', '% of a core', meanOf(measured.map(mainThreadCpuOf))),
      parleyLine(
        'no core for the main thread when it was ready to run',
        '% of the time',
        meanOf(measured.map(waitedOf)),
      ),
      parleyLine(`refused of ${EXTRA_CALLS} that knocked when it was full`, '', knocks, `= ${EXTRA_CALLS}`, 'higher'),
      parleyLine('late frames of the others meanwhile', '', countedIn(knocked, 'lateFrames'), '= 0'),
      parleyLine('calls that the load admits here', '', once(load.admitted, GROUP), undefined, 'higher'),
      parleyLine('late frames, of 1000, once it refuses', '', perThousand(afterwards)),
      parleyLine('jitter then, p99', 'ms', jitterThen),
    ],
    plots: [
      cdfPlot('two-hundred-calls.svg', `Delay of the agents’ frames behind their schedule, ${CALLS} calls`, 'frames', [
        ['Parley', jitter.flat()],
      ]),
    ],
    notes: [
      `${connected} calls talked for ${Math.round(talkSeconds)} s.`,
      contentionNote(measured),
      load.refusal === undefined
        ? `The hosts had room for ${load.admitted} calls, which is all that were tried.`
        : `The load refused the next call with ${load.refusal.status} ${load.refusal.code}; the reason was ${load.closedBy}.`,
    ],
  };
}

const start = ({ seed, signal, workFolder }: RowContext, folder: string, maxSessions: number) =>
  LoadTest.start({
    ...{ folder: join(workFolder, folder), seed, signal, maxSessions, hosts: HOSTS },
    ...{ habits: 'ordinary', mode: 'media' },
  });

/** Hosts with as many places as there are calls. */
async function fillPlaces(context: RowContext) {
  const { signal, seconds = DEFAULT_SECONDS, progress } = context;
  const test = await start(context, 'two-hundred-calls', CALLS / HOSTS);
  try {
    progress(`connects ${CALLS} calls`);
    const connected = await test.connect(CALLS);
    await sleep(WARM_MS, undefined, { signal });
    const measured: Measured[] = [];
    const stretches = Math.max(2, Math.round(seconds / STRETCH_SECONDS));
    const knockedAt = Math.floor(stretches / 2);
    let outcomes: readonly DialOutcome[] = [];
    for (let stretch = 0; stretch < stretches; stretch += 1) {
      progress(`${CALLS} calls talk: stretch ${stretch + 1} of ${stretches}`);
      const knocking = stretch === knockedAt ? test.dial(EXTRA_CALLS, 5) : undefined;
      measured.push(await test.measure(seconds / stretches, BLOCKS));
      if (knocking) outcomes = await knocking;
    }
    const refused = outcomes.filter((outcome) => outcome.outcome === 'refused' && outcome.status === 503).length;
    return { connected, measured, knockedAt, refused };
  } finally {
    await test.close();
  }
}

/** Hosts that have places for all: their load alone says when there are enough calls. */
async function fillUntilBusy(context: RowContext) {
  const { signal, progress } = context;
  const test = await start(context, 'until-busy', MOST_CALLS);
  try {
    let admitted = 0;
    let refusal: Extract<DialOutcome, { outcome: 'refused' }> | undefined;
    while (!refusal && admitted < MOST_CALLS) {
      const outcomes = await test.dial(GROUP, GROUP);
      admitted += outcomes.filter(({ outcome }) => outcome === 'connected').length;
      refusal = outcomes.find((outcome) => outcome.outcome === 'refused');
      progress(`${admitted} calls, until the host is too busy for more`);
      await sleep(500, undefined, { signal });
    }
    const admissions = await test.admissions();
    const measured = await test.measure(AFTER_CLOSING_SECONDS, 2 * BLOCKS);
    const closedBy = admissions.find((admission) => admission?.closedBy)?.closedBy ?? 'a moment’s load';
    return { admitted, measured, refusal, closedBy };
  } finally {
    await test.close();
  }
}

function perThousand(stretches: readonly Stretch[]): Measure {
  const sum = (key: 'lateFrames' | 'frames', times: readonly number[]) =>
    stretches.reduce((all, { counts }, at) => all + counts[key] * (times[at] ?? 0), 0);
  const rate = (times: readonly number[]) => (1000 * sum('lateFrames', times)) / Math.max(1, sum('frames', times));
  const each = stretches.map(() => 1);
  return { value: rate(each), ...bootstrapInterval(stretches.length, rate), n: sum('frames', each) };
}
