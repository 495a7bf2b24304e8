import { type SoakTotals, soak } from '../../test/soak/soak.ts';
import type { Measure, ReportedLine } from '../report/run-report.ts';
import { parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { exactly, momentsOf } from '../statistics.ts';

const DEFAULT_SECONDS = 100;
const PROGRESS_EVERY_CALLS = 100;
const SHOWN_VIOLATIONS = 5;
/** Enough for more than ten thousand stops. */
const CALLS = 680;

const RULES: readonly { readonly label: string; readonly rules: readonly string[] }[] = [
  {
    label: 'calls wedged, silent though an answer was owed, or deaf afterwards',
    rules: ['stuck', 'silent-though-owed', 'never-rests', 'does-not-answer-any-more', 'answer-vanished', 'words-left'],
  },
  {
    label: 'frames of an old turn after a stop',
    rules: [
      ...['stale-frame', 'frame-after-stop', 'frame-after-close', 'frame-while-not-speaking', 'audio-order'],
      'frame-size',
    ],
  },
  {
    label: 'words of the caller lost, or never told',
    rules: ['words-lost', 'words-of-a-partial-lost', 'words-never-told'],
  },
  {
    label: 'words answered or told twice, two answers at once',
    rules: ['words-answered-twice', 'words-told-twice', 'two-answers-at-once', 'spoken-twice', 'agent-words-twice'],
  },
  {
    label: 'histories that differ from what was heard or done',
    rules: [
      ...['resumed-elsewhere', 'history-differs-from-ear', 'history-differs-from-event', 'tools-differ'],
      'history-of-an-unspoken-answer',
    ],
  },
];

/** Hours of virtual calls with faults at random, every call checked. */
export const soakRow: Row = {
  name: 'soak',
  title: 'Soak: virtual calls with random faults',
  includes:
    'The whole conversation engine on a virtual clock: callers who talk, hesitate, cough, murmur and cut in at any moment; ' +
    'a recogniser that is late, mute, wrong, repeats itself, changes the order or dies; a model that throws, hangs, ' +
    'dribbles or runs slow tools; a voice that breaks off, stalls or tells no word times; a line that loses and holds ' +
    'back frames; a voice detector that sticks or dies; timers that fire late; hang-ups at any moment.',
  leavesOut:
    'Sockets, Azure and its SDKs, real time, real voices; how good the decisions are (see the turn-taking rows).',
  estimateSeconds: DEFAULT_SECONDS,
  run,
};

async function run({ seed, seconds, signal, progress }: RowContext): Promise<RowResult> {
  const totals = await soak({
    seed,
    calls: seconds === undefined ? CALLS : Number.POSITIVE_INFINITY,
    forMs: (seconds ?? 4 * DEFAULT_SECONDS) * 1000,
    signal,
    onCall: (done) => {
      if (done.calls % PROGRESS_EVERY_CALLS === 0) {
        progress(`${done.calls} calls, ${hours(done)} h, ${done.stops} stops`);
      }
    },
  });
  signal.throwIfAborted();
  return {
    lines: linesOf(totals),
    plots: [
      {
        file: 'soak-heap.svg',
        title: 'Heap after a full collection, over the calls of the soak',
        xLabel: 'calls made',
        yLabel: 'MB',
        kind: 'line',
        series: [{ name: 'Parley', points: totals.heap.map(({ calls, bytes }) => [calls, bytes / 2 ** 20]) }],
      },
    ],
    notes: notesOf(totals, seed),
  };
}

function linesOf(totals: SoakTotals): ReportedLine[] {
  const { calls } = totals;
  const count = (label: string, value: number, better: 'lower' | 'higher', target?: string) =>
    parleyLine(label, '', exactly(value, calls), target, better);
  const worst = (label: string, ms: number, unit: 's' | 'ms', target?: string) =>
    parleyLine(label, unit, exactly(unit === 's' ? Math.round(ms / 100) / 10 : Math.round(ms), calls), target);
  const known = new Set(RULES.flatMap(({ rules }) => rules));
  const sum = (rules: readonly string[]) => rules.reduce((all, rule) => all + (totals.broken[rule] ?? 0), 0);
  const others = Object.keys(totals.broken).filter((rule) => !known.has(rule));
  const growth = heapGrowth(totals.heap) ?? { none: 'too few calls to tell' };
  return [
    count('calls', calls, 'higher'),
    parleyLine('virtual time', 'h', exactly(hours(totals), calls), undefined, 'higher'),
    count('stops of an audible agent', totals.stops, 'higher', '≥ 10000'),
    count('of these, interruptions', totals.interruptions, 'higher'),
    count('of these, false stops after which the agent went on', totals.resumes, 'higher'),
    ...RULES.map(({ label, rules }) => count(label, sum(rules), 'lower', '0')),
    count('timers, ports or streams left after a close, and anything else amiss', sum(others), 'lower', '0'),
    worst('longest wait of a silent caller for a sound or an excuse', totals.longestWaitMs, 's'),
    worst('longest silence of the agent before it went on', totals.longestHeldMs, 's'),
    worst('most that was heard twice where it went on', totals.longestRepeatMs, 'ms', '≤ 100'),
    parleyLine('heap growth', 'KB/call', growth, '< 1'),
  ];
}

/**
 * By how many KB the heap grew with each call, once the code was warm: the slope of a straight line through the later
 * two thirds of the samples, two standard errors to either side. Undefined with too few samples to tell.
 */
export function heapGrowth(heap: SoakTotals['heap']): Measure | undefined {
  const warm = heap.slice(Math.floor(heap.length / 3)).map(({ calls, bytes }) => ({ x: calls, y: bytes / 1024 }));
  const n = warm.length;
  if (n < 4) return undefined;
  const [meanX, meanY] = [momentsOf(warm.map(({ x }) => x)).mean, momentsOf(warm.map(({ y }) => y)).mean];
  const squares = warm.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = warm.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / squares;
  const residuals = warm.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(residuals / (n - 2) / squares);
  return { value: slope, low: slope - 2 * error, high: slope + 2 * error, n };
}

function notesOf(totals: SoakTotals, seed: number): string[] {
  const { ends, turns, frames, faults, violations } = totals;
  return [
    `${ends.rest} calls ran until both sides were silent and were then asked once more, ${ends['hung-up']} were hung up on at a random moment, ${ends.goodbye} were ended by the agent.`,
    `${turns} turns of the agent, ${frames} frames, ${faults} faults that the engine told of.`,
    `Seed ${seed}. One call is replayed, with all that happened in it, by \`node test/soak/replay.ts <call seed>\`.`,
    ...violations
      .slice(0, SHOWN_VIOLATIONS)
      .map(({ rule, seed: call, atMs, detail }) => `Broken: ${rule}, call seed ${call} at ${atMs} ms: ${detail}`),
  ];
}

const hours = ({ virtualMs }: SoakTotals): number => Math.round(virtualMs / 360_000) / 10;
