import { type Measured, withLoadTest } from '../acs/load-test.ts';
import {
  contentionNote,
  countedIn,
  countLines,
  cpuOf,
  delayLines,
  gapLine,
  loopDelayLine,
  mainThreadCpuOf,
  stretchesOf,
} from '../acs/talk-figures.ts';
import { parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { meanOf, once, trialsOf } from '../statistics.ts';

const CALLS = 200;
/** As many as there are cores: each host has one main thread. */
const HOSTS = 2;
const DEFAULT_SECONDS = 60;
const STRETCH_SECONDS = 15;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 5;
/** Calls that knock when all places are taken, while the others talk. */
const EXTRA_CALLS = 20;
/** Where the number of places sets no limit, calls come in such groups until the load closes the door. */
const GROUP = 10;
const MOST_CALLS = 600;
const AFTER_CLOSING_SECONDS = 15;
const TALK = { hosts: HOSTS, habits: 'ordinary', mode: 'media' } as const;

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
  const afterwards = load.measured.flatMap(stretchesOf);
  const jitterThen = afterwards.map(({ jitterMs }) => jitterMs);
  // All of them is a share of trials; fewer is where the load closed the door, which happens once in a run.
  const admitted = connected === CALLS ? trialsOf(connected, CALLS) : once(connected, GROUP);
  const knocks = trialsOf(refused, EXTRA_CALLS);
  const core = '% of a core';
  return {
    lines: [
      parleyLine(`calls let in, of ${CALLS}`, '', admitted, `= ${CALLS}`),
      ...countLines(stretches, 'lateFrames'),
      gapLine(stretches),
      ...countLines(stretches, 'frames'),
      ...delayLines('delay behind the schedule', jitter, { p99: undefined }),
      ...countLines(stretches, 'oldFrames', 'interruptions', 'missedInterruptions', 'unanswered', 'closed'),
      parleyLine('CPU of the hosts', core, meanOf(measured.map(cpuOf))),
      parleyLine('CPU of their main threads', core, meanOf(measured.map(mainThreadCpuOf))),
      loopDelayLine(measured),
      parleyLine(`refused of ${EXTRA_CALLS} that knocked when it was full`, '', knocks, `= ${EXTRA_CALLS}`),
      parleyLine('late frames of the others meanwhile', '', countedIn(knocked, 'lateFrames'), '= 0'),
      parleyLine('calls that the load admits here', '', once(load.admitted, GROUP)),
      parleyLine('late frames once it refuses', '', countedIn(afterwards, 'lateFrames')),
      ...delayLines('jitter then', jitterThen, { p99: undefined }),
    ],
    notes: [`${connected} calls talked for ${Math.round(talkSeconds)} s.`, contentionNote(measured), load.note],
  };
}

/** Hosts with as many places as there are calls. */
function fillPlaces(context: RowContext) {
  const { seconds = DEFAULT_SECONDS, progress } = context;
  return withLoadTest({ ...TALK, name: 'two-hundred-calls', maxSessions: CALLS / HOSTS }, context, async (test) => {
    progress(`connects ${CALLS} calls`);
    const connected = await test.connect(CALLS, 0);
    const measured: Measured[] = [];
    const stretches = Math.max(2, Math.round(seconds / STRETCH_SECONDS));
    const knockedAt = Math.floor(stretches / 2);
    let refusals: readonly (string | undefined)[] = [];
    for (let stretch = 0; stretch < stretches; stretch += 1) {
      progress(`${CALLS} calls talk: stretch ${stretch + 1} of ${stretches}`);
      const knocking = stretch === knockedAt ? test.dial(EXTRA_CALLS, 5) : undefined;
      measured.push(...(await test.measure(1, seconds / stretches, BLOCKS)));
      if (knocking) refusals = await knocking;
    }
    const refused = refusals.filter((refusal) => refusal?.startsWith('503 ')).length;
    return { connected, measured, knockedAt, refused };
  });
}

/** Hosts that have places for all: their load alone says when there are enough calls. */
function fillUntilBusy(context: RowContext) {
  return withLoadTest({ ...TALK, name: 'until-busy', maxSessions: MOST_CALLS }, context, async (test) => {
    let admitted = 0;
    let refusal: string | undefined;
    while (!refusal && admitted < MOST_CALLS) {
      const refusals = (await test.dial(GROUP, GROUP)).filter((why) => why !== undefined);
      admitted += GROUP - refusals.length;
      [refusal] = refusals;
      context.progress(`${admitted} calls, until the host is too busy for more`);
      await test.wait(500);
    }
    const measured = await test.measure(1, AFTER_CLOSING_SECONDS, 2 * BLOCKS);
    const note = refusal
      ? `The load refused the next call with ${refusal}.`
      : `The hosts had room for ${admitted} calls, which is all that were tried.`;
    return { admitted, measured, note };
  });
}
