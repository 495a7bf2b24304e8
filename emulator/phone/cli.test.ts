import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
    [['--out', '/nowhere/call.wav'], /^--out \/nowhere\/call\.wav cannot be written: .*\n$/],
    [['--wav', CLI], /^--wav .*cli\.ts cannot be used: This is not a WAV file.*\n$/],
  ] as const) {
    const { exitCode, stderr } = await run(args);
    assert.equal(exitCode, 2);
    assert.match(stderr, message);
  }
});

test('a second party is refused where somebody answers, by what the mode does (newcomer 2)', async (t) => {
  const told = {
    '/api/v1/agents': { agents: [{ name: 'orders', mode: 'chat', default: true }] },
    '/api/v1/modes': {
      modes: [
        { name: 'media', answers: true },
        { name: 'chat', answers: true },
        { name: 'minutes', answers: false },
      ],
    },
  };
  const host = createServer(({ url }, response) => {
    response.end(JSON.stringify(Object.entries(told).find(([path]) => path === url)?.[1]));
  }).listen(0, '127.0.0.1');
  t.after(() => host.close());
  await once(host, 'listening');
  const address = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  const join = (...more: string[]) => run(['--stream-host', address, '--join', '+15550102', ...more]);
  const refusal = (mode: string) => ({
    exitCode: 2,
    stderr: `--join is for a call that nobody answers, and in the mode ${mode} somebody does: give --mode minutes.\n`,
  });
  assert.deepEqual(await join('--mode', 'realtime'), refusal('media'));
  assert.deepEqual(await join(), refusal('chat'));
});
