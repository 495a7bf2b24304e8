import { neverAnswered } from './check.ts';

/** `node test/answered/main.ts FILE`: what of the reference no test of a run was answered, by what the run wrote there. */
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Name the file that PARLEY_ANSWERED named in the run.');
const missing = neverAnswered(file);
for (const line of missing) process.stdout.write(`${line}\n`);
process.exitCode = missing.length > 0 ? 1 : 0;
