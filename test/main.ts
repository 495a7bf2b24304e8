import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { neverAnswered } from './answered/check.ts';
import { asOneRun } from './runner/lanes.ts';
import { ON_ONE_STACK, type TestProcess, testProcesses } from './runner/processes.ts';

/**
 * `node test/main.ts [part of a path]...`: every test, or those of the files that have one of the parts in their path.
 * Those of people who speak on a whole stack take longest: some of what only computes runs beside them in a lane of its own,
 * and the rest when they have left, so that they have the processors that they need. A run of every test fails, too, where the
 * reference promises an answer that no test got.
 */
const ROOT = path.join(import.meta.dirname, '..');
const FOLDERS = ['test', '{agents,bench,build,emulator,functions,infra,shared,start,stream-host,web}'];
/** Of processes: more people who speak in real time have too little of two cores, beside what only computes. */
const PEOPLE_AT_ONCE = 2;
/** Of what computes, the longest first: so much is done by the time the people have left. */
const SHARE_BESIDE = 0.4;
const CORES = availableParallelism();
/** Of a process: a file that hangs is named before (`runner/together.ts`). */
const LONGEST_MS = 900_000;

// Dozens of processes need not read and compile the same files anew.
process.env.NODE_COMPILE_CACHE ??= path.join(ROOT, 'node_modules/.cache/tests');

const parts = process.argv.slice(2);
const isWanted = (file: string) => parts.length === 0 || parts.some((part) => file.includes(part));
const processes = FOLDERS.flatMap((folder) => testProcesses(ROOT, testFiles(folder).filter(isWanted).sort()));
if (processes.length === 0) throw new Error(`No test file has one of these in its path: ${parts.join(', ')}`);
const of = (kind: TestProcess['kind']) => processes.filter((each) => each.kind === kind);
/** The longest come first: the whole run is not shorter than that. */
const FIRST = ['test/system.test.ts', ON_ONE_STACK];
const people = of('people').sort((a, b) => FIRST.indexOf(b.name) - FIRST.indexOf(a.name));

const folder = mkdtempSync(path.join(tmpdir(), 'parley-tests-'));
/** What was answered in this run, by every process of it (`answered/collect.ts`). */
const answered = path.join(folder, 'answers');
writeFileSync(answered, '');
process.env.PARLEY_ANSWERED = answered;
/** What is deployed is built once for all who try it (`testing/built-stack.ts`). */
process.env.PARLEY_BUILT = path.join(folder, 'built');
const execArgv = ['--import', pathToFileURL(path.join(import.meta.dirname, 'answered/collect.ts')).href];

/** With `/`, also where folders are told apart by another sign. */
function testFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`, { cwd: ROOT }).map((file) => file.replaceAll(path.sep, '/'));
}

/** A process is started with one file: this one, which has the others run. */
function entryOf({ name, files, atOnce }: TestProcess, at: number): string {
  // By its number, too: `a/b-c` and `a-b/c` are two.
  const entry = path.join(folder, `${at}-${name.replaceAll('/', '-')}.mjs`);
  const paths = Object.fromEntries(files.map((file) => [file, path.join(ROOT, file)]));
  const runner = JSON.stringify(pathToFileURL(path.join(import.meta.dirname, 'runner/together.ts')));
  writeFileSync(
    entry,
    `import { runTogether } from ${runner};\nawait runTogether(${JSON.stringify(paths)}, ${atOnce});\n`,
  );
  return entry;
}

const lane = (members: readonly TestProcess[], concurrency: number) => () => {
  const files = members.map((each) => entryOf(each, processes.indexOf(each)));
  return run({ files, concurrency, timeout: LONGEST_MS, execArgv }).on('test:fail', () => {
    process.exitCode = 1;
  });
};
const together = of('together');
const beside = together.slice(0, Math.ceil(together.length * SHARE_BESIDE));
const later = [...together.slice(beside.length), ...of('alone')];
const lanes = [[lane(people, PEOPLE_AT_ONCE), lane(later, CORES + 1)]];
if (beside.length > 0) lanes.push([lane(beside, Math.max(1, CORES - 1))]);
asOneRun(lanes).compose(spec).pipe(process.stdout);
// Behind the last word of the report.
process.on('exit', () => {
  const missing = parts.length === 0 ? neverAnswered(answered) : [];
  if (missing.length > 0) {
    process.exitCode = 1;
    process.stdout.write(`\nThe reference promises answers that no test got:\n${missing.join('\n')}\n`);
  }
  rmSync(folder, { recursive: true });
});
