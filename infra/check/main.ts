import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkInfrastructure, exitCodeOf } from './check-infra.ts';
import { lineOf } from './finding.ts';

/**
 * `npm run check:infra`: the deployment, checked as far as that goes without Azure. `-- --write` takes the infrastructure as
 * it is now for the golden files. Where a check can't run, that is said; in CI it is a failure.
 */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const root = path.join(import.meta.dirname, '../..');
const report = await checkInfrastructure({ root, env: process.env, write: values.write });
const { findings, ran, skipped } = report;

const lines = [
  ...findings.map(lineOf),
  ...ran.map((what) => `ran: ${what}`),
  ...skipped.map(({ checks, why }) => `did not run: ${checks.join(', ')}: ${why}`),
  `${findings.length} findings`,
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = exitCodeOf(report, process.env);
