import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

const CLI = path.join(import.meta.dirname, 'cli.ts');

async function run(args: readonly string[], closesOutput = false) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (closesOutput) child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, stderr };
}

test('output that nobody reads any more ends it without a word (newcomer 5.2-17)', async () => {
  assert.deepEqual(await run(['--help'], true), { exitCode: 0, stderr: '' });
});

test('wrong options are told in one line, and end it with 2 (newcomer 5.2-17)', async () => {
  for (const [args, message] of [
    [['--voice', 'nobody'], /^--voice is "nobody"; there are: slt, .*\n$/],
    [['--wav', '/nowhere.wav'], /^--wav \/nowhere\.wav cannot be used: .*\n$/],
    [['--wav', CLI], /^--wav .*cli\.ts cannot be used: This is not a WAV file.*\n$/],
  ] as const) {
    const { exitCode, stderr } = await run(args);
    assert.equal(exitCode, 2);
    assert.match(stderr, message);
  }
});
