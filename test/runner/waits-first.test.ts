import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '../..');
/** As the formatter leaves them, what is not within anything begins at the margin. */
const REGISTERS = /^(?:for \(.*\)\s*)?(?:test|describe|suite|it)(?:\.\w+)?\(/;
const WAITS = /^(?:await |for await |for \(.* of await |(?:export )?(?:const|let) .*= await |\} = await )/;

/** Lines in which a file waits behind its first test. */
function waitsBehindTests(source: string): number[] {
  // What stands in a text is no code of this file.
  const lines = source.replace(/`(?:\\.|[^`\\])*`/g, (text) => text.replace(/[^\n]/g, '')).split('\n');
  const first = lines.findIndex((line) => REGISTERS.test(line));
  return first < 0 ? [] : lines.flatMap((line, at) => (at > first && WAITS.test(line) ? [at + 1] : []));
}

test('a file waits before its first test: what it registers behind a wait may come when its tests have ended (soak17 4)', () => {
  const files = globSync(
    '{agents,bench,build,emulator,functions,infra,shared,start,stream-host,test,web}/**/*.test.ts',
    {
      cwd: ROOT,
    },
  );
  assert.ok(files.length > 300);
  const late = files.flatMap((file) =>
    waitsBehindTests(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => `${file}:${line}`),
  );
  assert.deepEqual(late, []);
});

test('a wait behind a test is found, and one before it, or in a text, is none', () => {
  const source = "const a = await b();\ntest('x', async () => {\n  await c();\n});\nconst text = `\nawait d();\n`;\n";
  assert.deepEqual(waitsBehindTests(source), []);
  assert.deepEqual(waitsBehindTests(`${source}const e = await f();\nfor (const h of await g()) {\n}\n`), [8, 9]);
});
