import { type SoakTotals, soak } from '../../test/soak/soak.ts';
import type { ReportedLine, Result } from '../report/run-report.ts';
import { parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { differenceOf, exactly } from '../statistics.ts';

const DEFAULT_SECONDS = 100;
const PROGRESS_EVERY_CALLS = 100;
const SHOWN_VIOLATIONS = 5;
/** Enough for more than ten thousand stops. */
const CALLS = 680;

/** Hours of virtual calls with faults at random, every call checked. */
export const soakRow: Row = {
  name: 'soak',
  title: 'Soak: virtual calls with random faults',
  includes:
    'The whole conversation engine on a virtual clock: callers who talk, hesitate, cough, murmur and cut in at any moment; ' +
    'a recogniser that is late, mute, wrong, repeats itself, changes the order or dies; a model that throws, hangs, ' +
    'dribbles or runs slow tools; a voice that breaks off, stalls or tells no word times; a line that loses and holds ' +
    'back frames; a voice detector that sticks or dies; timers that fire late; hang-ups at any moment. The rules: no call is ' +
    'wedged, silent though an answer is owed, or deaf afterwards; no frame of an old turn after a stop; no words of the caller ' +
    'lost or never told; none answered or told twice, no two answers at once; the history is what was heard and done; ' +
    'nothing is left after a close.',
  leavesOut:
    'Sockets, Azure and its SDKs, real time, real voices; how good the decisions are (see the turn-taking rows).',
  estimateSeconds: DEFAULT_SECONDS,
  run,
};

async function run({ seed, seconds, signal, progress }: RowContext): Promise<RowResult> {
  const totals = await soak({
    ...{ seed, signal, calls: seconds === undefined ? CALLS : Number.POSITIVE_INFINITY },
    forMs: (seconds ?? 4 * DEFAULT_SECONDS) * 1000,
    onCall: (done) => {
      if (done.calls % PROGRESS_EVERY_CALLS === 0)
        progress(`${done.calls} calls, ${hours(done)} h, ${done.stops} stops`);
    },
  });
  signal.throwIfAborted();
  const { ends, turns, frames, faults, violations } = totals;
  const broken = violations.slice(0, SHOWN_VIOLATIONS);
  return {
    lines: linesOf(totals),
    notes: [
      `${ends.rest} calls ran until both sides were silent and were then asked once more, ${ends['hung-up']} were hung up ` +
        `on at a random moment, ${ends.goodbye} were ended by the agent.`,
      `${turns} turns of the agent, ${frames} frames, ${faults} faults that the engine told of.`,
      `Seed ${seed}. One call is replayed, with all that happened in it, by \`node test/soak/replay.ts <call seed>\`.`,
      ...broken.map((one) => `Broken: ${one.rule}, call seed ${one.seed} at ${one.atMs} ms: ${one.detail}`),
    ],
  };
}

function linesOf(totals: SoakTotals): ReportedLine[] {
  const { calls } = totals;
  const line = (label: string, unit: string, value: number, target?: string) =>
    parleyLine(label, unit, exactly(value, calls), target);
  const broken = Object.values(totals.broken).reduce((sum, times) => sum + times, 0);
  const seconds = (ms: number) => Math.round(ms / 100) / 10;
  return [
    line('calls', '', calls),
    line('virtual time', 'h', hours(totals)),
    line('stops of an audible agent', '', totals.stops, '≥ 10000'),
    line('of these, interruptions', '', totals.interruptions),
    line('of these, false stops after which the agent went on', '', totals.resumes),
    line('broken rules (see below)', '', broken, '= 0'),
    line('longest wait of a silent caller for a sound or an excuse', 's', seconds(totals.longestWaitMs)),
    line('longest silence of the agent before it went on', 's', seconds(totals.longestHeldMs)),
    line('most that was heard twice where it went on', 'ms', Math.round(totals.longestRepeatMs), '≤ 100'),
    parleyLine('heap growth', 'KB/call', heapGrowth(totals.heap), '< 1'),
  ];
}

/** By how many KB the heap grew with each call, once the code was warm: between the second and the last third of the calls. */
function heapGrowth(heap: SoakTotals['heap']): Result {
  const third = Math.floor(heap.length / 3);
  if (third < 2) return { none: 'too few calls to tell' };
  const [earlier, later] = [heap.slice(-2 * third, -third), heap.slice(-third)];
  const calls = (later[0]?.calls ?? 0) - (earlier[0]?.calls ?? 0);
  const kb = (of: SoakTotals['heap']) => of.map(({ bytes }) => bytes / 1024);
  return differenceOf(kb(later), kb(earlier), calls);
}

const hours = ({ virtualMs }: SoakTotals): number => Math.round(virtualMs / 360_000) / 10;
