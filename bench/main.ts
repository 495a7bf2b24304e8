import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../shared/errors.ts';
import { captureEnvironment } from './environment.ts';
import { rowText, writeDocs } from './report/document.ts';
import { figure } from './report/figures.ts';
import { type RunReport, SUBJECTS } from './report/run-report.ts';
import type { Row } from './row.ts';
import { bargeInRow } from './rows/barge-in.ts';
import { costRow } from './rows/cost.ts';
import { hundredCallsRow } from './rows/hundred-calls.ts';
import { overheadRow } from './rows/overhead.ts';
import { soakRow } from './rows/soak.ts';
import { turnTakingRow } from './rows/turn-taking.ts';
import { twoHundredCallsRow } from './rows/two-hundred-calls.ts';
import { voiceLiveRow } from './rows/voice-live.ts';
import { runRows } from './run-rows.ts';

/** The rows of the benchmark, in the order in which they run. */
const ROWS: readonly Row[] = [
  turnTakingRow,
  bargeInRow,
  overheadRow,
  costRow,
  hundredCallsRow,
  twoHundredCallsRow,
  voiceLiveRow,
  soakRow,
];

const HELP = `usage: npm run bench [-- options] [row…]

Measures Parley, and beside it on the same work a peer, and prints a table for each row (Markdown).
Without a row all of them run, in under 20 minutes on two cores. The peer is installed on demand
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

const commandLine = z.object({
  rows: z.array(z.enum(ROWS.map(({ name }) => name))),
  subjects: z.array(z.enum(SUBJECTS)),
  seed: z.coerce.number().int(),
  seconds: z.coerce.number().positive().optional(),
  json: z.string().optional(),
  ...{ help: z.boolean(), list: z.boolean(), 'write-docs': z.boolean() },
});
type CommandLine = z.infer<typeof commandLine>;

/** @throws with what is wrong */
function readCommand(args: string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      list: { type: 'boolean', default: false },
      subjects: { type: 'string', default: SUBJECTS.join() },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  return commandLine.parse({ ...values, rows: positionals, subjects: values.subjects.split(',') });
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

async function bench({ rows, seed, subjects, seconds, ...command }: CommandLine): Promise<number> {
  const signal = abortOnSignals();
  const startedMs = performance.now();
  const environment = captureEnvironment(seed, subjects, new Date());
  const workFolder = path.join(os.tmpdir(), 'parley-bench');
  mkdirSync(workFolder, { recursive: true });
  const { cpu, cores, loadBefore } = environment;
  process.stderr.write(`${cpu}, ${cores} cores, load ${loadBefore}; seed ${seed}\n`);
  const wanted = ROWS.filter(({ name }) => rows.length === 0 || rows.includes(name));
  const reports = await runRows(wanted, {
    ...{ seed, subjects, workFolder, signal, environment, seconds },
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
  let command: CommandLine;
  try {
    command = readCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)}\n`);
    return 2;
  }
  if (!command.help && !command.list) return bench(command);
  const list = ROWS.map((row) => `${row.name.padEnd(18)} ~${row.estimateSeconds} s  ${row.title}\n`).join('');
  process.stdout.write(command.help ? HELP : list);
  return 0;
}

// What a row left running (a child that does not end) must not keep the command alive.
process.exit(await main());
