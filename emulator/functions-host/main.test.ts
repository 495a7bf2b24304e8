import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CONFIG_EXIT_CODE } from '../../shared/errors.ts';
import { COMPILED } from '../../shared/testing/compiled.ts';
import { eventually } from '../../shared/testing/eventually.ts';

const root = join(import.meta.dirname, '../..');
const settings = {
  FUNCTIONS_PUBLIC_URL: 'http://functions.example',
  STREAM_HOST_PUBLIC_URL: 'ws://media.example',
  STREAM_HOST_URL: 'http://media.example',
  REDIS_URL: 'redis://127.0.0.1:1',
  ACS_CONNECTION_STRING: 'endpoint=http://127.0.0.1:1/;accesskey=c2VjcmV0',
  ACS_RESOURCE_ID: 'r',
};

function run(t: TestContext, given: Record<string, string>, port = 0) {
  const env = { ...COMPILED, ...given };
  const args = [join(import.meta.dirname, 'main.ts'), 'functions/app.ts', '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const says = async (what: RegExp): Promise<string> => {
    for (;;) {
      const found = what.exec(output)?.[0];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode} and had said:\n${output}`);
      await Promise.race([once(child.stdout, 'data'), exit]);
    }
  };
  return { child, exit, says, output: () => output };
}

test('a bad setting stops the start and is named', async (t) => {
  const { exit, output } = run(t, { ...settings, STREAM_HOST_URL: 'not a url', ACS_RESOURCE_ID: '' });
  assert.equal(await exit, CONFIG_EXIT_CODE);
  assert.match(output(), /STREAM_HOST_URL is \\"not a url\\"/);
  assert.match(output(), /ACS_RESOURCE_ID is not set/);
});

test('a taken port stops the start and is named', async (t) => {
  const taken = createServer().listen(0);
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { exit, output } = run(t, settings, port);
  assert.equal(await exit, 1);
  assert.match(output(), new RegExp(`Port ${port} is taken.*FUNCTIONS_PORT`));
});

test('without its Redis it starts all the same, answers, and ends in order when asked to', async (t) => {
  const { child, exit, says } = run(t, settings);
  const listening = await says(/http:[^"]*\/api\/v1/);
  assert.equal((await fetch(`${listening}/health`)).status, 200);
  await eventually(async () => (await fetch(`${listening}/readiness`)).status === 503);
  const calls = await fetch(`${listening}/calls`);
  assert.deepEqual(
    [calls.status, ((await calls.json()) as { error: { code: string } }).error.code],
    [503, 'redis.unavailable'],
  );
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
});
