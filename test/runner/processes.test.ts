import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { testProcesses } from './processes.ts';

const SHARING = "import { sharedStack } from './testing/shared-stack.ts';\n";

/** A folder with files. */
async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-runner-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

test('files of a folder share a process, but for one that changes it, itself or by a helper of tests', async (t) => {
  const light = 'export {};\n';
  const files = {
    'a/b/one.test.ts': light,
    'a/b/c/two.test.ts': light,
    'a/b/three.test.ts': light,
    'a/b/four.test.ts': light,
    'a/few/five.test.ts': light,
    'a/b/settings.test.ts': "process.env.LEVEL = 'x';\n",
    'a/b/by-helper.test.ts': "import { start } from './testing/helper.ts';\nstart();\n",
    'a/b/reads.test.ts': "export const isMine = process.env.LEVEL === 'x';\n",
    'a/b/hundred.property.test.ts': light,
    'a/stack.test.ts': 'await RunningStack.start();\n',
    'a/calls.test.ts': `${SHARING}process.env.LEVEL = 'x';\n`,
    'a/b/more-calls.test.ts': SHARING,
    'a/b/c/of-runner.test.ts': 'const text = "import { sharedStack } from \'./shared-stack.ts\';";\n',
  };
  const helper = {
    'a/b/testing/helper.ts': "export const start = () => void Object.assign(process.env, { X: '1' });\n",
  };
  const root = await folderWith(t, { ...files, ...helper });
  const processes = testProcesses(root, Object.keys(files).sort());
  assert.deepEqual(
    processes.filter(({ kind }) => kind === 'people').map(({ name }) => name),
    ['a/stack.test.ts', 'files on one stack'],
  );
  const found = processes.map((each) => [each.name, each.files.length]);
  assert.deepEqual(found, [
    ['a/b/hundred.property.test.ts', 1],
    ['a/b', 6],
    ['a', 1],
    ['a/b/by-helper.test.ts', 1],
    ['a/b/settings.test.ts', 1],
    ['a/stack.test.ts', 1],
    ['files on one stack', 2],
  ]);
});

/** Runs files together, in a process of their own. */
async function run(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  limits: Readonly<Record<string, number>> = {},
): Promise<{ code: number; told: string }> {
  const root = await folderWith(t, files);
  const runner = JSON.stringify(path.join(import.meta.dirname, 'together.ts'));
  const paths = Object.fromEntries(Object.keys(files).map((name) => [name, path.join(root, name)]));
  const entry = path.join(root, 'entry.mjs');
  await writeFile(
    entry,
    `import { runTogether } from ${runner};\nawait runTogether(${JSON.stringify(paths)}, 1, ${JSON.stringify({ lingersMs: 100, ...limits })});\n`,
  );
  // Not as a part of this run.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--test-reporter=tap', entry], { env }, (error, told, toldToo) =>
      resolve({ code: Number(error?.code ?? 0), told: told + toldToo }),
    );
  });
}

test('a file’s hooks run around its own tests, and a failure fails the process', async (t) => {
  const hooked = (name: string) => `import { after, before, test } from 'node:test';
await new Promise((resolve) => setTimeout(resolve, 1));
before(() => console.log('before ${name}'));
after(() => console.log('after ${name}'));
test('of ${name}', () => { console.log('${name}'); if ('${name}' === 'two') throw new Error('it fails'); });
`;
  const { code, told } = await run(t, { 'one.test.ts': hooked('one'), 'two.test.ts': hooked('two') });
  const said = told.split('\n').flatMap((line) => /^(?:# )?((?:before |after )?(?:one|two))$/.exec(line)?.[1] ?? []);
  assert.deepEqual(said, ['before one', 'one', 'after one', 'before two', 'two', 'after two']);
  assert.equal(code, 1);
  assert.match(told, /^ok 1 - one\.test\.ts/m);
  assert.match(told, /not ok 1 - of two/);
});

test('a file that leaves something open, or that ends the process, is told of', async (t) => {
  const open =
    "import { createServer } from 'node:http';\nimport { test } from 'node:test';\ntest('x', () => void createServer().listen(0));\n";
  const left = await run(t, {
    'open.test.ts': open,
    'good.test.ts': "import { test } from 'node:test';\ntest('y', () => {});\n",
  });
  assert.equal(left.code, 1);
  assert.match(left.told, /Still there: .*TCPServerWrap.* left it: open\.test\.ts/);
  const ended = await run(t, { 'ends.test.ts': 'process.exit(0);\n', 'never.test.ts': 'export {};\n' });
  assert.equal(ended.code, 1);
  assert.match(ended.told, /The process ended while ends\.test\.ts ran\. Not run: never\.test\.ts/);
});

test('a file that hangs late is ended within the time of its process, with the test under way, and those behind it are named (soak17 4)', async (t) => {
  const hangs = `import { test } from 'node:test';
test('it is quick', () => {});
test('it hangs', () => new Promise((resolve) => setTimeout(resolve, 600_000)));
`;
  const quick = "import { test } from 'node:test';\ntest('of a file behind it', () => {});\n";
  const limits = { longestMs: 60_000, withinMs: 1_500 };
  const { code, told } = await run(t, { 'hangs.test.ts': hangs, 'behind.test.ts': quick }, limits);
  assert.equal(code, 1);
  assert.match(told, /ok 1 - it is quick/);
  assert.match(told, /not ok 2 - it hangs/);
  assert.match(told, /^not ok 1 - hangs\.test\.ts/m);
  assert.match(told, /^not ok 2 - behind\.test\.ts/m);
  assert.match(told, /the files before it have taken the 1\.5 s/);
});

test('a test that is registered when those of its file have ended fails by its name (soak17 4)', async (t) => {
  const late = (wait: string) => `import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
test('in time', () => {});
${wait}
`;
  const { code, told } = await run(t, {
    'waits.test.ts': late("await sleep(50);\ntest('behind a wait', () => sleep(200));"),
    'timer.test.ts': late("setTimeout(() => test('in a timer', () => {}), 50);"),
    'good.test.ts': late(''),
  });
  assert.equal(code, 1);
  assert.match(told, /not ok \d - behind a wait/);
  assert.match(told, /not ok \d - in a timer/);
  assert.match(told, /^ok \d - good\.test\.ts/m);
});

test('what is thrown beside a test ends the process as one that has failed, at once, with the name of the file', async (t) => {
  const throws =
    "import { test } from 'node:test';\ntest('x', () => new Promise(() => setTimeout(() => { throw new Error('a stray') }, 5)));\n";
  for (const stray of [
    throws,
    throws.replace('throw new Error', 'Promise.reject(new Error').replace(') }, 5', ')) }, 5'),
  ]) {
    const { code, told } = await run(t, {
      'good.test.ts': "import { test } from 'node:test';\ntest('y', () => {});\n",
      'stray.test.ts': stray,
    });
    assert.equal(code, 1);
    assert.match(told, /Thrown beside the tests of stray\.test\.ts: Error: a stray/);
  }
});

test('what a file registers behind a wait is the file’s own', async (t) => {
  const file = (name: string) => `import { after, before, suite, test } from 'node:test';
await new Promise((resolve) => setTimeout(resolve, 1));
before(() => console.log('before ${name}'));
suite('s', () => { test('of ${name}', () => console.log('test ${name}')); });
after(() => console.log('after ${name}'));
`;
  const { code, told } = await run(t, { 'one.test.ts': file('one'), 'two.test.ts': file('two') });
  assert.equal(code, 0, told);
  const said = told.split('\n').flatMap((line) => /^(?:# )?(\w+ (?:one|two))$/.exec(line)?.[1] ?? []);
  const each = (name: string) => [`before ${name}`, `test ${name}`, `after ${name}`];
  assert.deepEqual(said, [...each('one'), ...each('two')]);
});
