import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../shared/errors.ts';
import { waitedForCpuUs } from './environment.ts';
import type { Environment, RowReport } from './report/run-report.ts';
import type { Row, RowContext } from './row.ts';

export interface RunOptions extends Omit<RowContext, 'progress'> {
  readonly environment: Environment;
  readonly onProgress: (row: Row, text: string) => void;
  readonly onDone: (report: RowReport) => void;
}

/** A row that takes longer than this is ended and counts as failed, so that the others get their turn. */
const LEAST_LIMIT_MS = 180_000;
const LIMIT_TIMES_ESTIMATE = 4;
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
    const waitedUs = waitedForCpuUs();
    const outcome = await outcomeOf(row, { ...context, progress: (text) => onProgress(row, text) });
    const tookMs = performance.now() - startedMs;
    const waitedPercent = Math.min(100, Math.round((waitedForCpuUs() - waitedUs) / tookMs) / 10);
    const report: RowReport = {
      ...{ name, title, includes, leavesOut, environment, outcome, seconds: context.seconds },
      machine: Number.isNaN(waitedPercent) ? undefined : { waitedPercent },
      tookSeconds: Math.round(tookMs / 100) / 10,
    };
    reports.push(report);
    onDone(report);
  }
  return reports;
}

async function outcomeOf(row: Row, context: RowContext): Promise<RowReport['outcome']> {
  const estimateMs = 1000 * Math.max(row.estimateSeconds, context.seconds ?? 0);
  const limitMs = Math.max(LEAST_LIMIT_MS, LIMIT_TIMES_ESTIMATE * estimateMs);
  const limit = AbortSignal.timeout(limitMs);
  const signal = AbortSignal.any([context.signal, limit]);
  /** Throws some time after the row was told to end. Where it has ended by then, nobody waits for this. */
  const overdue = async (): Promise<never> => {
    await once(signal, 'abort');
    await wait(GRACE_MS, undefined, { ref: false });
    throw new Error('did not end when told to');
  };
  try {
    const { lines, notes } = await Promise.race([row.run({ ...context, signal }), overdue()]);
    signal.throwIfAborted();
    return { type: 'measured', lines: [...lines], notes: [...notes] };
  } catch (error) {
    if (limit.aborted) return { type: 'failed', error: `took longer than ${limitMs / 1000} s` };
    return { type: 'failed', error: messageOf(signal.aborted ? signal.reason : error) };
  }
}
