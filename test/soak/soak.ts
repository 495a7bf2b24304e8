import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../../bench/random.ts';
import { type CallReport, SoakCall, type Violation } from './call.ts';

export interface SoakOptions {
  readonly seed: number;
  /** Ends when enough calls were made, or enough real time has passed; whichever comes first. */
  readonly calls: number;
  readonly forMs: number;
  readonly signal: AbortSignal;
  readonly onCall?: (done: SoakTotals) => void;
}

/** Figures of a call that are added up over all calls, and those of which the greatest counts. */
const ADDED = ['virtualMs', 'stops', 'interruptions', 'resumes', 'turns', 'faults', 'frames'] as const;
const GREATEST = ['longestHeldMs', 'longestRepeatMs', 'longestWaitMs'] as const;

export interface SoakTotals extends Record<(typeof ADDED)[number] | (typeof GREATEST)[number], number> {
  calls: number;
  readonly ends: Record<CallReport['end'], number>;
  /** The heap after a full collection, every so many calls. */
  readonly heap: { readonly calls: number; readonly bytes: number }[];
  /** Kept up to a number that a reader can look at; {@link broken} counts all. */
  readonly violations: (Violation & { readonly seed: number })[];
  readonly broken: Record<string, number>;
}

const HEAP_EVERY_CALLS = 50;
const KEPT_VIOLATIONS = 200;

/** Makes one virtual call after the other. The seed decides all of them; each can be replayed by its own seed. */
export async function soak(options: SoakOptions): Promise<SoakTotals> {
  const random = new Random(`soak ${options.seed}`);
  const totals: SoakTotals = {
    ...{ calls: 0, virtualMs: 0, stops: 0, interruptions: 0, resumes: 0, turns: 0, faults: 0, frames: 0 },
    ...{ longestHeldMs: 0, longestRepeatMs: 0, longestWaitMs: 0 },
    ...{ ends: { rest: 0, 'hung-up': 0, goodbye: 0 }, heap: [], violations: [], broken: {} },
  };
  const collect = collector();
  const untilMs = performance.now() + options.forMs;
  let callSeed = 0;
  const onStray = (error: unknown) =>
    add(totals, callSeed, { rule: 'unhandled-rejection', atMs: 0, detail: String(error) });
  process.on('unhandledRejection', onStray);
  try {
    while (totals.calls < options.calls && performance.now() < untilMs && !options.signal.aborted) {
      callSeed = random.whole(1, 2 ** 31);
      count(totals, await new SoakCall(callSeed).run());
      if (totals.calls % HEAP_EVERY_CALLS === 0) {
        collect();
        totals.heap.push({ calls: totals.calls, bytes: process.memoryUsage().heapUsed });
      }
      options.onCall?.(totals);
    }
  } finally {
    process.off('unhandledRejection', onStray);
  }
  return totals;
}

function count(totals: SoakTotals, report: CallReport): void {
  totals.calls += 1;
  for (const key of ADDED) totals[key] += report[key];
  for (const key of GREATEST) totals[key] = Math.max(totals[key], report[key]);
  totals.ends[report.end] += 1;
  for (const violation of report.violations) add(totals, report.seed, violation);
}

function add(totals: SoakTotals, seed: number, violation: Violation): void {
  totals.broken[violation.rule] = (totals.broken[violation.rule] ?? 0) + 1;
  if (totals.violations.length < KEPT_VIOLATIONS) totals.violations.push({ ...violation, seed });
}

/** The garbage collector by hand, which Node gives only on request. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? () => void collect() : () => {};
}
