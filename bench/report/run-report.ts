import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Systems whose figures stand in a table beside each other, measured in the same run on the same work. */
export const SUBJECTS = ['parley', 'livekit-default', 'livekit-best'] as const;
export type Subject = (typeof SUBJECTS)[number];

export const SUBJECT_TITLES: Readonly<Record<Subject, string>> = {
  parley: 'Parley',
  'livekit-default': 'LiveKit Agents (default)',
  'livekit-best': 'LiveKit Agents (best setting)',
};

const measure = z.object({
  value: z.number(),
  /** The 95 % interval that the samples of the run give; low = high = value where the seed repeats the figure exactly. */
  low: z.number(),
  high: z.number(),
  /** The samples are too few to bound the figure on this side: what stands there is the outermost that was seen. */
  open: z.enum(['above', 'both']).exactOptional(),
  /** How many samples. */
  n: z.number().nonnegative(),
});

/** `none` says why there is no figure. */
const result = z.union([measure, z.object({ none: z.string() })]);

const line = z.object({
  label: z.string(),
  /** 'ms', '%', 'MB', or empty for a plain count. */
  unit: z.string(),
  /** '≤ 5' or '< livekit-default': what Parley wants to reach. */
  target: z.string().exactOptional(),
  results: z.partialRecord(z.enum(SUBJECTS), result),
});

const environment = z.object({
  date: z.iso.datetime(),
  seed: z.number(),
  commit: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memoryGb: z.number(),
  os: z.string(),
  node: z.string(),
  /** One-minute load average before the run: what else the machine was doing. */
  loadBefore: z.number(),
  versions: z.record(z.string(), z.string()),
});

const rowReport = z.object({
  name: z.string(),
  title: z.string(),
  includes: z.string(),
  leavesOut: z.string(),
  tookSeconds: z.number(),
  /** How long the measured part was asked to be, where the user said so. */
  seconds: z.number().optional(),
  environment,
  /** Of the time: at least one thread was ready to run and had no core. Missing where the system does not tell. */
  machine: z.object({ waitedPercent: z.number() }).optional(),
  outcome: z.discriminatedUnion('type', [
    z.object({ type: z.literal('measured'), lines: z.array(line), notes: z.array(z.string()) }),
    z.object({ type: z.literal('failed'), error: z.string() }),
  ]),
});

const runReport = z.object({ version: z.literal(1), tookSeconds: z.number(), rows: z.array(rowReport) });

/** One figure. */
export type Measure = z.infer<typeof measure>;
export type Result = z.infer<typeof result>;
/** The machine, the software, the moment: all that makes a figure what it is besides the code. */
export type Environment = z.infer<typeof environment>;
export type RowReport = z.infer<typeof rowReport>;
/** What a run of the benchmark found; the JSON file holds exactly this. */
export type RunReport = z.infer<typeof runReport>;
export type ReportedLine = z.infer<typeof line>;

/** @throws with the file's name, when it is not the report of a run */
export function readRunReport(file: string): RunReport {
  try {
    return runReport.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${file} is not a report of this benchmark: ${reason}`);
  }
}
