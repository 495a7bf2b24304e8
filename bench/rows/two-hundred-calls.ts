import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../acs/hundred-calls.ts';
import { LoadTest, type Measured } from '../acs/load-test.ts';
import type { DialOutcome, PhoneCounts } from '../acs/messages.ts';
import {
  contentionNote,
  countOf,
  cpuOf,
  mainThreadCpuOf,
  merged,
  percentileOf,
  type StretchFigures,
  stretchesOf,
  sumOf,
  waitedOf,
} from '../acs/talk-figures.ts';
import { bootstrapInterval } from '../harness/intervals.ts';
import { meanOf, once, trialsOf } from '../harness/statistics.ts';
import type { Line, Measure, Row, RowContext, RowResult } from '../row.ts';

const CALLS = 200;
/** As many as there are cores: each host has one main thread. */
const HOSTS = 2;
const DEFAULT_SECONDS = 60;
const STRETCH_SECONDS = 15;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 5;
const TALK = { hosts: HOSTS, habits: 'ordinary' } as const;
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
  const places = await fillPlaces(context);
  const load = await fillUntilBusy(context);
  const stretches = places.measured.flatMap(stretchesOf);
  const knocked = places.whileKnocking.flatMap(stretchesOf);
  const jitter = stretches.map((stretch) => stretch.jitter);
  const count = (key: keyof PhoneCounts) => countOf(stretches, key);
  const loopDelays = places.measured.map(({ host }) => host.loopDelayMs.p99);
  const cpu = places.measured.map(cpuOf);
  const main = places.measured.map(mainThreadCpuOf);
  const talkSeconds = places.measured.reduce((sum, { host }) => sum + host.elapsedMs / 1000, 0);
  const afterwards = stretchesOf(load.measured);
  return {
    lines: [
      line(`calls let in, of ${CALLS}`, '', admittedOf(places.connected), `= ${CALLS}`, 'higher'),
      line('late frames (a gap in the sound)', '', count('lateFrames'), '= 0'),
      line('silence in these gaps', 'ms', sumOf(stretches.map(({ counts }) => counts.gapMs))),
      line('frames of the agents’ voices', '', count('frames'), undefined, 'higher'),
      line('delay behind the schedule, p99', 'ms', percentileOf(jitter, 0.99)),
      line('frames of an old answer after a stop', '', count('oldFrames'), '= 0'),
      line('interruptions', '', count('interruptions'), undefined, 'higher'),
      line('interruptions not heeded within 1.5 s', '', count('missedInterruptions'), '= 0'),
      line('turns without an answer within 10 s', '', count('unanswered'), '= 0'),
      line('lines that broke', '', count('closed'), '= 0'),
      line('event loop delay, p99 of a stretch', 'ms', meanOf(loopDelays)),
      line('CPU of the hosts', '% of a core', meanOf(cpu)),
      line('CPU of their main threads', '% of a core', meanOf(main)),
      line(
        'no core for the main thread when it was ready to run',
        '% of the time',
        meanOf(places.measured.map(waitedOf)),
      ),
      line(
        `refused of ${EXTRA_CALLS} that knocked when it was full`,
        '',
        trialsOf(places.refused, EXTRA_CALLS),
        `= ${EXTRA_CALLS}`,
        'higher',
      ),
      line('late frames of the others meanwhile', '', countOf(knocked, 'lateFrames'), '= 0'),
      line('calls that the load admits here', '', once(load.admitted, GROUP), undefined, 'higher'),
      line('late frames, of 1000, once it refuses', '', perThousand(afterwards)),
      line(
        'jitter then, p99',
        'ms',
        percentileOf(
          afterwards.map(({ jitter: then }) => then),
          0.99,
        ),
      ),
    ],
    plots: [
      {
        file: 'two-hundred-calls.svg',
        title: `Delay of the agents’ frames behind their schedule, ${CALLS} calls`,
        xLabel: 'ms',
        yLabel: 'share of frames',
        kind: 'cdf',
        series: [{ name: 'Parley', points: merged(jitter).cdf() }],
      },
    ],
    notes: [
      `${places.connected} calls talked for ${Math.round(talkSeconds)} s.`,
      contentionNote(places.measured),
      load.closedBy === undefined
        ? `The hosts had room for ${load.admitted} calls, which is all that were tried.`
        : `The load refused the next call with ${load.status} ${load.code}; the reason was ${load.closedBy}.`,
    ],
  };
}

/** Hosts with as many places as there are calls. */
async function fillPlaces({ seed, signal, workFolder, seconds = DEFAULT_SECONDS, progress }: RowContext) {
  const folder = join(workFolder, 'two-hundred-calls');
  const test = await LoadTest.start({ ...TALK, folder, seed, signal, maxSessions: CALLS / HOSTS });
  try {
    progress(`connects ${CALLS} calls`);
    const connected = await connect(test, CALLS, signal);
    await sleep(WARM_MS, undefined, { signal });
    const measured: Measured[] = [];
    const stretches = Math.max(2, Math.round(seconds / STRETCH_SECONDS));
    const knockAt = Math.floor(stretches / 2);
    let outcomes: readonly DialOutcome[] = [];
    for (let stretch = 0; stretch < stretches; stretch += 1) {
      progress(`${CALLS} calls talk: stretch ${stretch + 1} of ${stretches}`);
      const knocking = stretch === knockAt ? test.dial(EXTRA_CALLS, 5) : undefined;
      measured.push(await test.measure(seconds / stretches, { blocks: BLOCKS }));
      if (knocking) outcomes = await knocking;
    }
    const refused = outcomes.filter((outcome) => outcome.outcome === 'refused' && outcome.status === 503).length;
    return { connected, measured, whileKnocking: measured.slice(knockAt, knockAt + 1), refused };
  } finally {
    await test.close();
  }
}

/** Hosts that have places for all: their load alone says when there are enough calls. */
async function fillUntilBusy({ seed, signal, workFolder, progress }: RowContext) {
  const folder = join(workFolder, 'until-busy');
  const test = await LoadTest.start({ ...TALK, folder, seed, signal, maxSessions: MOST_CALLS });
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
    const doors = (await test.healths()) as { admission?: { closedBy?: string } }[];
    const measured = await test.measure(AFTER_CLOSING_SECONDS, { blocks: 2 * BLOCKS });
    const closedBy =
      refusal === undefined
        ? undefined
        : (doors.find(({ admission }) => admission?.closedBy)?.admission?.closedBy ?? 'a moment’s load');
    return { admitted, measured, closedBy, status: refusal?.status ?? 0, code: refusal?.code ?? '' };
  } finally {
    await test.close();
  }
}

/** All of them is a share of trials; fewer is where the load closed the door, which happens once in a run. */
const admittedOf = (connected: number): Measure =>
  connected === CALLS ? trialsOf(connected, CALLS) : once(connected, GROUP);

function perThousand(stretches: readonly StretchFigures[]): Measure {
  const rate = (times: readonly number[]) => {
    const sum = (key: 'lateFrames' | 'frames') =>
      stretches.reduce((all, { counts }, at) => all + counts[key] * (times[at] ?? 0), 0);
    return (1000 * sum('lateFrames')) / Math.max(1, sum('frames'));
  };
  const frames = stretches.reduce((sum, { counts }) => sum + counts.frames, 0);
  return { value: rate(stretches.map(() => 1)), ...bootstrapInterval(stretches.length, rate), n: frames };
}

function line(
  label: string,
  unit: string,
  parley: NonNullable<Line['results']['parley']>,
  target?: string,
  better: Line['better'] = 'lower',
): Line {
  return { label, unit, better, ...(target !== undefined && { target }), results: { parley } };
}
