import type { Line, Measure, Row, RowContext, RowResult } from '../row.ts';
import { heapGrowth, type SoakTotals, soak } from '../soak/soak.ts';

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
      'stale-frame',
      'frame-after-stop',
      'frame-after-close',
      'frame-while-not-speaking',
      'audio-order',
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
      'resumed-elsewhere',
      'history-differs-from-ear',
      'history-differs-from-event',
      'history-of-an-unspoken-answer',
      'tools-differ',
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
  return { lines: linesOf(totals), plots: [plotOf(totals)], notes: notesOf(totals, seed) };
}

function linesOf(totals: SoakTotals): Line[] {
  const worst = (label: string, value: number, unit: 's' | 'ms'): Line => ({
    label,
    unit,
    better: 'lower',
    results: { parley: exact(unit === 's' ? Math.round(value / 100) / 10 : Math.round(value), totals.calls) },
  });
  const count = (label: string, value: number, better: Line['better'], target?: string): Line => ({
    label,
    unit: '',
    better,
    ...(target === undefined ? {} : { target }),
    results: { parley: exact(value, totals.calls) },
  });
  const known = new Set(RULES.flatMap(({ rules }) => rules));
  const sum = (rules: readonly string[]) => rules.reduce((all, rule) => all + (totals.broken[rule] ?? 0), 0);
  const others = Object.keys(totals.broken).filter((rule) => !known.has(rule));
  const growth = heapGrowth(totals.heap);
  return [
    count('calls', totals.calls, 'higher'),
    { ...count('virtual time', 0, 'higher'), unit: 'h', results: { parley: exact(hours(totals), totals.calls) } },
    count('stops of an audible agent', totals.stops, 'higher', '≥ 10000'),
    count('of these, interruptions', totals.interruptions, 'higher'),
    count('of these, false stops after which the agent went on', totals.resumes, 'higher'),
    ...RULES.map(({ label, rules }) => count(label, sum(rules), 'lower', '0')),
    count('timers, ports or streams left after a close, and anything else amiss', sum(others), 'lower', '0'),
    worst('longest wait of a silent caller for a sound or an excuse', totals.longestWaitMs, 's'),
    worst('longest silence of the agent before it went on', totals.longestHeldMs, 's'),
    { ...worst('most that was heard twice where it went on', totals.longestRepeatMs, 'ms'), target: '≤ 100' },
    {
      label: 'heap growth',
      unit: 'KB/call',
      target: '< 1',
      better: 'lower',
      results: {
        parley: growth ?? { none: 'too few calls to tell' },
      },
    },
  ];
}

function plotOf({ heap }: SoakTotals): RowResult['plots'][number] {
  return {
    file: 'soak-heap.svg',
    title: 'Heap after a full collection, over the calls of the soak',
    xLabel: 'calls made',
    yLabel: 'MB',
    kind: 'line',
    series: [{ name: 'Parley', points: heap.map(({ calls, bytes }) => [calls, bytes / 2 ** 20] as const) }],
  };
}

function notesOf(totals: SoakTotals, seed: number): string[] {
  const { ends } = totals;
  return [
    `${ends.rest} calls ran until both sides were silent and were then asked once more, ${ends['hung-up']} were hung up on at a random moment, ${ends.goodbye} were ended by the agent.`,
    `${totals.turns} turns of the agent, ${totals.frames} frames, ${totals.faults} faults that the engine told of.`,
    `Seed ${seed}. One call is replayed, with all that happened in it, by \`node bench/soak/replay.ts <call seed>\`.`,
    ...totals.violations
      .slice(0, SHOWN_VIOLATIONS)
      .map(({ rule, seed: call, atMs, detail }) => `Broken: ${rule}, call seed ${call} at ${atMs} ms: ${detail}`),
  ];
}

function hours({ virtualMs }: SoakTotals): number {
  return Math.round(virtualMs / 360_000) / 10;
}

/** A figure that the same seed repeats exactly: it has no spread. */
function exact(value: number, n: number): Measure {
  return { value, low: value, high: value, n };
}
