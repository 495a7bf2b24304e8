/** A system whose figures stand in a table beside the others, measured in the same run on the same work. */
export type Subject = 'parley' | 'livekit-default' | 'livekit-best' | 'pipecat';

/**
 * One figure. `low`..`high` is its stated spread: the 95 % interval that the samples of the run give for it. `n` counts
 * the samples. A spread is measured, never guessed; low = high = value only where the seed repeats the figure exactly.
 */
export interface Measure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The samples are too few to bound the figure on this side: what stands there is the outermost that was seen. */
  readonly open?: 'above' | 'both';
  readonly n: number;
}

/** One line of a row's table: one quantity, for each subject that was measured. */
export interface Line {
  readonly label: string;
  /** 'ms', '%', 'MB', or empty for a plain count. */
  readonly unit: string;
  /**
   * What Parley wants to reach, in the line's unit, comparison first: '≤ 5', '≥ 10000', '0'; or against another subject
   * of the line: '< livekit-default'. Whether it is met is judged by the command; anything else only stands there.
   */
  readonly target?: string;
  readonly better: 'lower' | 'higher';
  /** `none` says why there is no figure: 'has no such thing', 'not installed'. */
  readonly results: Readonly<Partial<Record<Subject, Measure | { readonly none: string }>>>;
}

/** A picture of the row, drawn to `docs/benchmarks/<file>`. A `cdf` takes (x, share 0..1) points. */
export interface Plot {
  /** A plain file name that ends in `.svg`. */
  readonly file: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly kind: 'line' | 'cdf' | 'bar';
  readonly series: readonly Series[];
}

/** A line of a plot; a single point where it has only one. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Words beside the points, by their index; none where it is empty. */
  readonly marks?: readonly string[];
  /** Another series of the plot, named: it has that one's colour. */
  readonly colourOf?: string;
}

export interface RowResult {
  readonly lines: readonly Line[];
  readonly plots: readonly Plot[];
  /** What a reader must know to judge the figures of this run: one sentence or two each. */
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
  readonly seconds?: number;
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
