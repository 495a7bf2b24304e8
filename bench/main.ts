import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compareRuns, comparisonText } from './report/compare.ts';
import { writeDocs } from './report/docs.ts';
import { captureEnvironment } from './report/environment.ts';
import { figure } from './report/figures.ts';
import { type RunReport, readRunReport, SUBJECTS } from './report/run-report.ts';
import { rowTable } from './report/table.ts';
import type { Row, Subject } from './row.ts';
import { createRows } from './rows/index.ts';
import { runRows } from './run-rows.ts';

const DEFAULT_SUBJECTS: readonly Subject[] = ['parley', 'livekit-default', 'livekit-best'];

const rows = createRows();

const HELP = `usage: npm run bench [-- options] [row…]

Measures Parley, and beside it on the same work its peers, and prints a table for each row.
Without a row all of them run, in under 15 minutes on two cores. Peers are installed on demand
into the system's temporary folder; the first run needs a network for that.

  --list             the rows there are, and how long each takes
  --subjects a,b     whom to measure (default: ${DEFAULT_SUBJECTS.join(',')};
                     there are: ${SUBJECTS.join(', ')})
  --seed n           everything random comes from it (default: 1)
  --seconds n        how long each row measures, where it can choose
  --json file        writes what was found
  --write-docs       writes docs/benchmarks.md and its plots; rows that did not run keep their figures
  --compare file     says of each figure whether it agrees, within the spreads stated, with an
                     earlier run's --json file; exits with 1 if one does not
  --help

Measure on a machine that does nothing else. Exits with 1 when a row failed, 130 after Ctrl-C
(twice: at once, without cleaning up).
`;

interface Command {
  readonly rows: readonly Row[];
  readonly seed: number;
  readonly seconds?: number;
  readonly subjects: readonly Subject[];
  readonly json?: string;
  readonly compare?: RunReport;
  readonly writesDocs: boolean;
}

/** @throws with what is wrong, in words for the user */
function readCommand(args: readonly string[]): Command | 'help' | 'list' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      list: { type: 'boolean' },
      subjects: { type: 'string', default: DEFAULT_SUBJECTS.join(',') },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      compare: { type: 'string' },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  return {
    rows: positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.map(knownRow).includes(name)),
    seed: numberOf('--seed', values.seed, Number.isSafeInteger),
    ...(values.seconds === undefined
      ? {}
      : { seconds: numberOf('--seconds', values.seconds, (n) => Number.isFinite(n) && n > 0) }),
    subjects: values.subjects.split(',').map(knownSubject),
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.compare === undefined ? {} : { compare: readRunReport(values.compare) }),
    writesDocs: values['write-docs'],
  };
}

function knownRow(name: string): string {
  if (rows.some((row) => row.name === name)) return name;
  throw new Error(`there is no row ${name}; there are: ${rows.map((row) => row.name).join(', ')}`);
}

function knownSubject(name: string): Subject {
  const subject = SUBJECTS.find((known) => known === name.trim());
  if (subject) return subject;
  throw new Error(`there is no subject ${name}; there are: ${SUBJECTS.join(', ')}`);
}

function numberOf(option: string, text: string, fits: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (fits(value)) return value;
  throw new Error(`${option} must be a number that makes sense, not ${text}`);
}

/** Ctrl-C tells the rows to end; pressed again it does not wait for them. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\nending; press Ctrl-C again to leave at once\n');
    controller.abort(new Error('ended by the user'));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return controller.signal;
}

function list(): string {
  const widest = Math.max(...rows.map(({ name }) => name.length));
  return rows.map((row) => `${row.name.padEnd(widest)}  ~${row.estimateSeconds} s  ${row.title}`).join('\n');
}

async function bench(command: Command): Promise<number> {
  const { seed, seconds, subjects, json, compare } = command;
  const signal = abortOnSignals();
  const startedMs = performance.now();
  const environment = captureEnvironment({ seed, subjects, startedAt: new Date() });
  const workFolder = path.join(os.tmpdir(), 'parley-bench');
  mkdirSync(workFolder, { recursive: true });
  process.stderr.write(
    `${environment.cpu}, ${environment.cores} cores, load ${environment.loadBefore}; seed ${seed}\n`,
  );

  const reports = await runRows(command.rows, {
    seed,
    ...(seconds === undefined ? {} : { seconds }),
    subjects,
    workFolder,
    signal,
    environment,
    onProgress: ({ name }, text) => process.stderr.write(`${name}: ${text}\n`),
    onDone: (_, report) => process.stdout.write(`\n${rowTable(report)}\n`),
  });
  const tookSeconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(`${reports.length} rows in ${figure(tookSeconds)} s\n`);

  const run: RunReport = { version: 1, tookSeconds, rows: reports };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (signal.aborted) return 130;
  if (command.writesDocs) process.stdout.write(`wrote ${writeDocs(run)}\n`);
  const comparisons = compare ? compareRuns(compare, run) : [];
  if (compare) process.stdout.write(`\n${comparisonText(comparisons)}\n`);
  const failed = reports.some(({ outcome }) => outcome.type === 'failed');
  return failed || comparisons.some(({ figures }) => figures.some(({ verdict }) => verdict === 'differs')) ? 1 : 0;
}

async function main(): Promise<number> {
  let command: ReturnType<typeof readCommand>;
  try {
    command = readCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  if (command === 'help') process.stdout.write(HELP);
  else if (command === 'list') process.stdout.write(`${list()}\n`);
  else return bench(command);
  return 0;
}

// What a row left running (a child that does not end) must not keep the command alive.
process.exit(await main());
