import { setTimeout as wait } from 'node:timers/promises';
import { machineBetween, readMachine } from './environment.ts';
import type { Environment, RowReport } from './report/run-report.ts';
import type { Row, RowContext } from './row.ts';

export interface RunOptions extends Omit<RowContext, 'progress'> {
  readonly environment: Environment;
  readonly onProgress: (row: Row, text: string) => void;
  readonly onDone: (row: Row, report: RowReport) => void;
}

/** A row that takes longer than this is ended and counts as failed, so that the others get their turn. */
const LEAST_LIMIT_MS = 180_000;
const LIMIT_TIMES_ESTIMATE = 4;
/** A row that is over sooner has read what the one before it measured: what the machine did then is what counts. */
const LEAST_WATCHED_MS = 1000;
/** A row that was told to end gets so long to clean up. */
const GRACE_MS = 10_000;

/** Runs the rows one after the other; a row that fails is reported as such, and the next one runs. */
export async function runRows(rows: readonly Row[], options: RunOptions): Promise<RowReport[]> {
  const { environment, onProgress, onDone, ...context } = options;
  const reports: RowReport[] = [];
  for (const row of rows) {
    if (options.signal.aborted) break;
    const { name, title, includes, leavesOut } = row;
    const startedMs = performance.now();
    const before = readMachine();
    const outcome = await outcomeOf(row, { ...context, progress: (text) => onProgress(row, text) });
    const tookMs = performance.now() - startedMs;
    const found = tookMs < LEAST_WATCHED_MS ? undefined : machineBetween(before, readMachine());
    const machine = found ?? (outcome.type === 'failed' ? undefined : reports.at(-1)?.machine);
    const report: RowReport = {
      ...{ name, title, includes, leavesOut },
      ...(context.seconds !== undefined && { seconds: context.seconds }),
      tookSeconds: Math.round(tookMs / 100) / 10,
      environment,
      ...(machine && { machine }),
      outcome,
    };
    reports.push(report);
    onDone(row, report);
  }
  return reports;
}

async function outcomeOf(row: Row, context: RowContext): Promise<RowReport['outcome']> {
  const estimateMs = 1000 * Math.max(row.estimateSeconds, context.seconds ?? 0);
  const limitMs = Math.max(LEAST_LIMIT_MS, LIMIT_TIMES_ESTIMATE * estimateMs);
  const limit = new AbortController();
  const over = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`took longer than ${limitMs / 1000} s`)), limitMs);
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    const { lines, plots, notes } = await Promise.race([
      row.run({ ...context, signal }),
      graceAfter(signal, over.signal),
    ]);
    signal.throwIfAborted();
    return { type: 'measured', lines: [...lines], plots: [...plots], notes: [...notes] };
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error;
    return { type: 'failed', error: reason instanceof Error ? reason.message : String(reason) };
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** Rejects some time after the row was told to end, if it has not by then. */
function graceAfter(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () =>
      void wait(GRACE_MS, undefined, { signal: over, ref: false }).then(
        () => reject(new Error('did not end when told to')),
        () => {},
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true, signal: over });
  });
}
