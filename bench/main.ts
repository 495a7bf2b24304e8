import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { captureEnvironment } from './environment.ts';
import { compareRuns, comparisonText } from './report/compare.ts';
import { writeDocs } from './report/document.ts';
import { figure } from './report/figures.ts';
import { type RunReport, readRunReport, SUBJECTS } from './report/run-report.ts';
import { rowTable } from './report/table.ts';
import { createRows } from './rows/index.ts';
import { runRows } from './run-rows.ts';

const DEFAULT_SUBJECTS = 'parley,livekit-default,livekit-best';

const rows = createRows();

const HELP = `usage: npm run bench [-- options] [row…]

Measures Parley, and beside it on the same work its peers, and prints a table for each row.
Without a row all of them run, in under 20 minutes on two cores. Peers are installed on demand
into the system's temporary folder; the first run needs a network for that.

  --list             the rows there are, and how long each takes
  --subjects a,b     whom to measure (default: ${DEFAULT_SUBJECTS};
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

/** @throws with what is wrong, in words for the user */
function readCommand(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      list: { type: 'boolean' },
      subjects: { type: 'string', default: DEFAULT_SUBJECTS },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      compare: { type: 'string' },
    },
  });
  if (values.help) return 'help' as const;
  if (values.list) return 'list' as const;
  const isPositive = (value: number) => Number.isFinite(value) && value > 0;
  const named = positionals.map((name) => known('row', name, rows, (row) => row.name));
  return {
    rows: rows.filter((row) => named.length === 0 || named.includes(row)),
    seed: numberOf('--seed', values.seed, Number.isSafeInteger),
    ...(values.seconds !== undefined && { seconds: numberOf('--seconds', values.seconds, isPositive) }),
    subjects: values.subjects.split(',').map((name) => known('subject', name.trim(), SUBJECTS, (subject) => subject)),
    json: values.json,
    compare: values.compare === undefined ? undefined : readRunReport(values.compare),
    writesDocs: values['write-docs'],
  };
}

function known<Thing>(what: string, name: string, things: readonly Thing[], nameOf: (thing: Thing) => string): Thing {
  const thing = things.find((candidate) => nameOf(candidate) === name);
  if (thing !== undefined) return thing;
  throw new Error(`there is no ${what} ${name}; there are: ${things.map(nameOf).join(', ')}`);
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

async function bench(command: Exclude<ReturnType<typeof readCommand>, string>): Promise<number> {
  const { rows: chosen, json, compare, writesDocs, ...settings } = command;
  const { seed, subjects } = settings;
  const signal = abortOnSignals();
  const startedMs = performance.now();
  const environment = captureEnvironment(seed, subjects, new Date());
  const workFolder = path.join(os.tmpdir(), 'parley-bench');
  mkdirSync(workFolder, { recursive: true });
  const { cpu, cores, loadBefore } = environment;
  process.stderr.write(`${cpu}, ${cores} cores, load ${loadBefore}; seed ${seed}\n`);
  const reports = await runRows(chosen, {
    ...{ ...settings, workFolder, signal, environment },
    onProgress: ({ name }, text) => process.stderr.write(`${name}: ${text}\n`),
    onDone: (_, report) => process.stdout.write(`\n${rowTable(report)}\n`),
  });
  const tookSeconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(`${reports.length} rows in ${figure(tookSeconds)} s\n`);

  const run: RunReport = { version: 1, tookSeconds, rows: reports };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (signal.aborted) return 130;
  if (writesDocs) process.stdout.write(`wrote ${writeDocs(run)}\n`);
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
  if (typeof command !== 'string') return bench(command);
  process.stdout.write(command === 'help' ? HELP : `${list()}\n`);
  return 0;
}

// What a row left running (a child that does not end) must not keep the command alive.
process.exit(await main());
