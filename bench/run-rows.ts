import { setTimeout as wait } from 'node:timers/promises';
import { watchMachine } from './report/machine.ts';
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
  const reports: RowReport[] = [];
  for (const row of rows) {
    if (options.signal.aborted) break;
    const report = withMachine(await runRow(row, options), reports.at(-1));
    reports.push(report);
    options.onDone(row, report);
  }
  return reports;
}

function withMachine(report: RowReport, before: RowReport | undefined): RowReport {
  if (report.machine || report.outcome.type === 'failed' || !before?.machine) return report;
  return { ...report, machine: before.machine };
}

async function runRow(row: Row, options: RunOptions): Promise<RowReport> {
  const { environment, onProgress, onDone: _, ...context } = options;
  const { name, title, includes, leavesOut } = row;
  const startedMs = performance.now();
  const machineSince = watchMachine();
  const outcome = await outcomeOf(row, {
    ...context,
    progress: (text) => onProgress(row, text),
  });
  const tookMs = performance.now() - startedMs;
  const machine = tookMs < LEAST_WATCHED_MS ? undefined : machineSince();
  return {
    name,
    title,
    includes,
    leavesOut,
    ...(context.seconds === undefined ? {} : { seconds: context.seconds }),
    tookSeconds: Math.round(tookMs / 100) / 10,
    environment,
    ...(machine && { machine }),
    outcome,
  };
}

async function outcomeOf(row: Row, context: RowContext): Promise<RowReport['outcome']> {
  const limitMs = Math.max(
    LEAST_LIMIT_MS,
    1000 * LIMIT_TIMES_ESTIMATE * Math.max(row.estimateSeconds, context.seconds ?? 0),
  );
  const limit = new AbortController();
  const over = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`took longer than ${limitMs / 1000} s`)), limitMs);
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    const result = await Promise.race([row.run({ ...context, signal }), graceAfter(signal, over.signal)]);
    signal.throwIfAborted();
    const lines = result.lines.map((line) => ({ ...line, results: { ...line.results } }));
    const plots = result.plots.map((plot) => ({
      ...plot,
      series: plot.series.map(({ points, marks, ...named }) => ({
        ...named,
        ...(marks && { marks: [...marks] }),
        points: points.map(([x, y]): [number, number] => [x, y]),
      })),
    }));
    return { type: 'measured', lines, plots, notes: [...result.notes] };
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
