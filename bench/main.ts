import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../shared/errors.ts';
import { captureEnvironment } from './environment.ts';
import { rowText, writeDocs } from './report/document.ts';
import { figure } from './report/figures.ts';
import { type RunReport, SUBJECTS } from './report/run-report.ts';
import { ROWS } from './rows/index.ts';
import { runRows } from './run-rows.ts';

const HELP = `usage: npm run bench [-- options] [row…]

Measures Parley, and beside it on the same work its peers, and prints a table for each row (Markdown).
Without a row all of them run, in under 20 minutes on two cores. Peers are installed on demand
into the system's temporary folder; the first run needs a network for that.

  --list             the rows there are, and how long each takes
  --subjects a,b     whom to measure (default, and all there are: ${SUBJECTS.join(',')})
  --seed n           everything random comes from it (default: 1)
  --seconds n        how long each row measures, where it can choose
  --json file        writes what was found
  --write-docs       writes docs/benchmarks.md; rows that did not run keep their figures
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
      subjects: { type: 'string', default: SUBJECTS.join() },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const { seconds, ...others } = values;
  const named = positionals.map((name) => known('row', name, ROWS, (row) => row.name));
  return {
    ...others,
    rows: ROWS.filter((row) => named.length === 0 || named.includes(row)),
    seed: numberOf('--seed', values.seed, Number.isSafeInteger),
    ...(seconds !== undefined && { seconds: numberOf('--seconds', seconds, (value) => value > 0) }),
    subjects: values.subjects.split(',').map((name) => known('subject', name.trim(), SUBJECTS, (subject) => subject)),
  };
}

function known<Thing>(what: string, name: string, things: readonly Thing[], nameOf: (thing: Thing) => string): Thing {
  const thing = things.find((candidate) => nameOf(candidate) === name);
  if (thing !== undefined) return thing;
  throw new Error(`there is no ${what} ${name}; there are: ${things.map(nameOf).join(', ')}`);
}

function numberOf(option: string, text: string, fits: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && fits(value)) return value;
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

async function bench({ rows, seed, subjects, seconds, ...command }: ReturnType<typeof readCommand>): Promise<number> {
  const signal = abortOnSignals();
  const startedMs = performance.now();
  const environment = captureEnvironment(seed, subjects, new Date());
  const workFolder = path.join(os.tmpdir(), 'parley-bench');
  mkdirSync(workFolder, { recursive: true });
  const { cpu, cores, loadBefore } = environment;
  process.stderr.write(`${cpu}, ${cores} cores, load ${loadBefore}; seed ${seed}\n`);
  const reports = await runRows(rows, {
    ...{ seed, subjects, workFolder, signal, environment, ...(seconds !== undefined && { seconds }) },
    onProgress: ({ name }, text) => process.stderr.write(`${name}: ${text}\n`),
    onDone: (report) => process.stdout.write(`\n${rowText(report)}\n`),
  });
  const tookSeconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(`${reports.length} rows in ${figure(tookSeconds)} s\n`);
  const run: RunReport = { version: 1, tookSeconds, rows: reports };
  if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (signal.aborted) return 130;
  if (command['write-docs']) process.stdout.write(`wrote ${writeDocs(run)}\n`);
  return reports.some(({ outcome }) => outcome.type === 'failed') ? 1 : 0;
}

async function main(): Promise<number> {
  let command: ReturnType<typeof readCommand>;
  try {
    command = readCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 2;
  }
  const list = () => ROWS.map((row) => `${row.name.padEnd(18)} ~${row.estimateSeconds} s  ${row.title}\n`).join('');
  if (command.help || command.list) process.stdout.write(command.help ? HELP : list());
  else return bench(command);
  return 0;
}

// What a row left running (a child that does not end) must not keep the command alive.
process.exit(await main());
