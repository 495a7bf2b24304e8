import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkInfrastructure } from './check-infra.ts';
import { lineOf } from './finding.ts';

/**
 * `npm run check:infra`: the deployment, checked as far as that goes without Azure. `-- --write` takes the infrastructure as
 * it is now for the golden files. Where a check can't run, that is said; in CI it is a failure.
 */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const root = path.join(import.meta.dirname, '../..');
const { findings, ran, skipped } = await checkInfrastructure({ root, env: process.env, write: values.write });

const lines = [
  ...findings.map(lineOf),
  ...ran.map((what) => `ran: ${what}`),
  ...skipped.map(({ checks, why }) => `did not run: ${checks.join(', ')}: ${why}`),
  `${findings.length} findings`,
];
process.stdout.write(`${lines.join('\n')}\n`);
const isIncomplete = skipped.length > 0 && Boolean(process.env.CI);
process.exitCode = findings.length > 0 || isIncomplete ? 1 : 0;
