import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

test('runs beside and after each other are told as one: counts are added up once, and what failed in any of them is named', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-lanes-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = async (name: string, text: string) => {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const good = await file(
    'good.mjs',
    "import { test } from 'node:test';\ntest('one', () => {});\ntest('two', () => {});\n",
  );
  const bad = await file(
    'bad.mjs',
    "import { test } from 'node:test';\ntest('three', () => { throw new Error('no'); });\n",
  );
  const late = await file('late.mjs', "import { test } from 'node:test';\ntest('four', () => {});\n");
  const main = await file(
    'main.mjs',
    `import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { asOneRun } from ${JSON.stringify(path.join(import.meta.dirname, 'lanes.ts'))};
const lanes = ${JSON.stringify([[good, late], [bad]])}.map((files) => files.map((file) => () => run({ files: [file] })));
asOneRun(lanes).compose(spec).pipe(process.stdout);
`,
  );
  // It is none of the tests that run here.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const told = await new Promise<string>((resolve) =>
    execFile(process.execPath, [main], { env }, (_error, stdout) => resolve(stdout)),
  );
  const line = (name: string) => [...told.matchAll(new RegExp(`^ℹ ${name} (\\S+)$`, 'gm'))].map(([, count]) => count);
  assert.deepEqual([line('tests'), line('pass'), line('fail')], [['4'], ['3'], ['1']], told);
  assert.equal(line('duration_ms').length, 1);
  assert.match(told, /✔ two[\s\S]*✔ four[\s\S]*✖ failing tests:[\s\S]*✖ three/);
});

test('tests in tests of two lanes, whose events come in between each other, are all told: each file as a whole', async () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const main = `import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';
import { asOneRun } from ${JSON.stringify(path.join(import.meta.dirname, 'lanes.ts'))};
const at = (type, name, nesting) => ({ type, data: { name, nesting, file: name, testNumber: 1, details: { duration_ms: 1 } } });
const lane = (name) => () => Readable.from((async function* () {
  for (const file of ['1', '2']) {
    yield at('test:start', name + file, 0);
    for (const test of ['a', 'b']) {
      yield at('test:start', name + file + test, 1);
      await new Promise(setImmediate);
      yield at('test:pass', name + file + test, 1);
    }
    yield at('test:pass', name + file, 0);
  }
})());
asOneRun([[lane('x')], [lane('y')]]).compose(spec).pipe(process.stdout);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', main], { env });
  const told = [...stdout.matchAll(/✔ (\S+)/g)].map(([, name]) => name);
  const ofFile = (file: string) => told.slice(told.indexOf(`${file}a`)).slice(0, 3);
  for (const file of ['x1', 'x2', 'y1', 'y2']) assert.deepEqual(ofFile(file), [`${file}a`, `${file}b`, file], stdout);
  assert.equal(told.length, 12);
});
