import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { neverAnswered } from './answered/check.ts';

/**
 * `node test/main.ts [part of a path]...`: every test, or those of the files that have one of the parts in their path.
 * Those that start a whole stack are in `test/`, take longest and mostly wait for people to speak: they begin first, and
 * all others run beside them. A run of every test fails, too, where the reference promises an answer that no test got.
 */
const ROOT = path.join(import.meta.dirname, '..');
const FOLDERS = ['test', '{agents,bench,build,emulator,functions,infra,shared,start,stream-host,web}'];
/** Of files, two of which mostly wait: more leave people who speak in real time too little of two cores. */
const AT_ONCE = 4;
/** What hangs is ended, and named. */
const LONGEST_MS = 600_000;

// Two hundred processes need not read and compile the same files anew.
process.env.NODE_COMPILE_CACHE ??= path.join(ROOT, 'node_modules/.cache/tests');

const parts = process.argv.slice(2);
const [whole = [], others = []] = FOLDERS.map((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: ROOT }).sort());
/** Three stacks at once leave the people in them too little: one comes when the first has ended. */
const isLater = (file: string) => file.endsWith('identity.test.ts');
const half = Math.ceil(others.length / 2);
const files = [
  ...whole.filter((file) => !isLater(file)),
  ...others.slice(0, half),
  ...whole.filter(isLater),
  ...others.slice(half),
]
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .map((file) => path.join(ROOT, file));
if (files.length === 0) throw new Error(`No test file has one of these in its path: ${parts.join(', ')}`);

/** What was answered in this run, by every process of it (`answered/collect.ts`). */
const folder = mkdtempSync(path.join(tmpdir(), 'parley-answered-'));
const answered = path.join(folder, 'answers');
writeFileSync(answered, '');
process.env.PARLEY_ANSWERED = answered;
const execArgv = ['--import', path.join(import.meta.dirname, 'answered/collect.ts')];

const tests = run({ files, concurrency: AT_ONCE, timeout: LONGEST_MS, execArgv }).on('test:fail', () => {
  process.exitCode = 1;
});
tests.compose(spec).pipe(process.stdout);
// Behind the last word of the report.
process.on('exit', () => {
  const missing = parts.length === 0 ? neverAnswered(answered) : [];
  if (missing.length > 0) {
    process.exitCode = 1;
    process.stdout.write(`\nThe reference promises answers that no test got:\n${missing.join('\n')}\n`);
  }
  rmSync(folder, { recursive: true });
});
