import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';
import { parseHistory } from '../../shared/sessions/history.ts';
import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../conversation/turns/turn-policy.ts';
import { checksum, FORMAT, type Step, step } from './step.ts';

/** One stretch of a call that one engine had: from when it was made to its end. A call that was handed over has several. */
export interface Run {
  readonly begin: Begin;
  readonly steps: readonly Step[];
  /** The engine ended, and the record says so. */
  readonly isWhole: boolean;
  /** Telephone numbers in it are other ones, of as many digits. */
  readonly hasHidden: boolean;
}

/** Why a record cannot be played again, or not to its end; the words are for whoever asked. */
export class UnplayableError extends Error {}

const strings = z.array(z.string());
const phrases = z.object({
  greeting: z.string(),
  resumption: z.string(),
  apology: z.string(),
  fillers: strings,
  explanation: z.string(),
  giveUp: z.string(),
  prompts: strings,
  notUnderstood: z.string(),
  goodbye: z.string(),
  farewell: z.string(),
});
const setting = z.union([z.number(), z.string(), z.boolean()]);
const policy = z.record(z.string(), z.record(z.string(), setting));
const begin = z.object({
  format: z.number(),
  agent: z.string(),
  locale: z.string(),
  voice: z.string(),
  phrases,
  history: z.array(z.unknown()).transform(parseHistory),
  turns: z.number().int().min(0),
  /** The call was placed by us; not in older records. */
  placed: z.boolean().default(false),
  /** What the agent wanted otherwise than the defaults, and what came of both then. */
  changes: policy.transform(changesOf),
  policy,
  paced: z.boolean(),
  standby: z.boolean(),
  acts: z.boolean(),
});
export type Begin = z.infer<typeof begin>;

const inputLine = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('begin'), run: z.number() }),
  z.object({
    kind: z.literal('steps'),
    run: z.number(),
    batch: z.number().int(),
    sum: z.string(),
    steps: z.array(z.unknown()),
  }),
  z.object({
    kind: z.literal('end'),
    run: z.number(),
    steps: z.number().int(),
    sum: z.string(),
    hidden: z.boolean().optional(),
  }),
]);
const headLine = z.looseObject({
  line: z.literal('head'),
  mode: z.string().optional(),
  kept: z.looseObject({ words: z.boolean() }).optional(),
});
const anyLine = z.looseObject({ line: z.string() });

/** Settings that the engine has no more, or not like this, are left out: it has others in their place. */
function changesOf(given: z.infer<typeof policy>): TurnPolicyChanges {
  const known: Readonly<Record<string, Readonly<Record<string, unknown>>>> = DEFAULT_TURN_POLICY;
  return Object.fromEntries(Object.entries(given).map(([group, fields]) => [group, knownOf(fields, known[group])]));
}

const knownOf = (fields: object, known: Readonly<Record<string, unknown>> = {}): object =>
  Object.fromEntries(Object.entries(fields).filter(([name, value]) => typeof known[name] === typeof value));

interface OpenRun {
  readonly begin: Begin;
  readonly steps: Step[];
  batches: number;
  sum: string;
  isWhole: boolean;
  hasHidden: boolean;
}

/** What a file of a record holds. */
export interface Recorded {
  /** In the order in which they began. */
  readonly runs: readonly Run[];
  /** The last line of it, or of a part, was damaged: what stands behind it is lost. A sentence that says where. */
  readonly torn: string | undefined;
}

/** The runs of a record, as {@link readRecorded} finds them. */
export const readRuns = async (file: string): Promise<readonly Run[]> => (await readRecorded(file)).runs;

/**
 * The runs of a record.
 * @throws {UnplayableError} for a file that is no record, was changed after it was written, lacks a part, or has no inputs
 */
export async function readRecorded(file: string): Promise<Recorded> {
  const runs = new Map<number, OpenRun>();
  let why: string | undefined;
  let number = 0;
  let broken: UnplayableError | undefined;
  let torn: string | undefined;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    const where = `Line ${number} of the record`;
    const line = jsonOf(text);
    const head = headLine.safeParse(line);
    // A host that died in the middle of a line wrote no further one. The next part of the record is another host's.
    if (broken && !head.success) throw broken;
    torn ??= broken && tornAt(number - 1);
    broken = undefined;
    if (!anyLine.safeParse(line).success) {
      broken = new UnplayableError(`${where} is no line of a record: it was damaged, or the file is none.`);
      continue;
    }
    if (head.success) why = whyWithout(head.data);
    else if (anyLine.parse(line).line === 'input') take(runs, line, where);
  }
  if (number === 0 || (broken && number === 1)) throw broken ?? new UnplayableError('The record is empty.');
  if (runs.size === 0) {
    throw new UnplayableError(why ?? 'The record has no inputs: it cannot be played again.');
  }
  return { runs: [...runs.values()], torn: torn ?? (broken && tornAt(number)) };
}

const tornAt = (line: number): string =>
  `line ${line} of the record is damaged, and what stood behind it is lost: its host died as it wrote it, or the file was cut`;

function whyWithout({ mode, kept }: z.infer<typeof headLine>): string {
  if (kept?.words === false) {
    return 'The record was made without words (RECORD_WORDS is false): without them a call cannot be played again.';
  }
  const ofMode = mode === undefined ? '' : ` of the mode "${mode}"`;
  return `The record has no inputs. Those of MEDIA are recorded; calls${ofMode} may have none, and cannot be played again.`;
}

function take(runs: Map<number, OpenRun>, line: unknown, where: string): void {
  const input = inputLine.safeParse(line);
  // Others may write inputs of their own.
  if (!input.success) return;
  const { data } = input;
  if (data.kind === 'begin') {
    if (!runs.has(data.run)) runs.set(data.run, { ...NEW_RUN, steps: [], begin: beginOf(data, where) });
    return;
  }
  const run = runs.get(data.run);
  if (!run) throw new UnplayableError(`${where} is of a run whose beginning is missing.`);
  if (data.kind === 'steps') {
    addSteps(run, data, where);
  } else {
    if (data.sum !== run.sum || data.steps !== run.steps.length) {
      throw new UnplayableError(
        `${where} says that ${data.steps} steps came before it; there are ${run.steps.length}.`,
      );
    }
    run.isWhole = true;
    run.hasHidden = data.hidden ?? false;
  }
}

const NEW_RUN = { batches: 0, sum: '', isWhole: false, hasHidden: false };

function beginOf(line: unknown, where: string): Begin {
  const { format } = z.looseObject({ format: z.number() }).catch({ format: 0 }).parse(line);
  if (format !== FORMAT) {
    throw new UnplayableError(`${where} is of the format ${format}; this version plays the format ${FORMAT}.`);
  }
  return parsed(begin, line, where);
}

function addSteps(
  run: OpenRun,
  line: { readonly batch: number; readonly sum: string; readonly steps: readonly unknown[] },
  where: string,
): void {
  if (run.isWhole) throw new UnplayableError(`${where} follows the end of its run.`);
  run.batches += 1;
  if (line.batch !== run.batches) {
    throw new UnplayableError(`${where} is batch ${line.batch} of the inputs, but batch ${run.batches} is missing.`);
  }
  const sum = checksum(JSON.stringify(line.steps), run.sum);
  if (sum !== line.sum) {
    throw new UnplayableError(`${where} was changed after it was written: its checksum is not that of its steps.`);
  }
  run.sum = sum;
  for (const item of line.steps) run.steps.push(parsed(step, item, where));
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UnplayableError(`${where} cannot be read: ${z.prettifyError(result.error)}`);
}
