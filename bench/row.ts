import type { ReportedLine, Result, Subject } from './report/run-report.ts';

/** What a row found: its table, and what a reader must know to judge them, a sentence or two each. */
export interface RowResult {
  readonly lines: readonly ReportedLine[];
  readonly notes: readonly string[];
}

/** What a row gets from the command. */
export interface RowContext {
  /** Everything random in the row comes from this. */
  readonly seed: number;
  /** Whom to measure. A row leaves out those it cannot measure. */
  readonly subjects: readonly Subject[];
  /** A temporary folder that exists and is shared by the rows; what is in it outlives the run. */
  readonly workFolder: string;
  /** The user wants to stop: end what was started, then throw or return. */
  readonly signal: AbortSignal;
  /** Tells the user how far the row is, on stderr. */
  progress(text: string): void;
  /** How long the measured part should last, where the row lets that be chosen. */
  readonly seconds?: number | undefined;
}

/** One row of the benchmark: a question, and the means to measure its answer again. */
export interface Row {
  /** Names the row on the command line: kebab-case. */
  readonly name: string;
  readonly title: string;
  readonly includes: string;
  readonly leavesOut: string;
  readonly estimateSeconds: number;
  /** Throws when it cannot give figures: the run goes on with the next row. */
  run(context: RowContext): Promise<RowResult>;
}

/** A line that only Parley has a figure for. */
export const parleyLine = (label: string, unit: string, parley: Result, target?: string): ReportedLine => ({
  ...{ label, unit, ...(target !== undefined && { target }) },
  results: { parley },
});
