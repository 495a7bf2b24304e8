import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CONFIG_EXIT_CODE } from '../shared/errors.ts';
import { COMPILED } from '../shared/testing/compiled.ts';
import { freePorts } from '../shared/testing/free-ports.ts';
import { findOnPath } from '../test/testing/find-on-path.ts';

const root = join(import.meta.dirname, '..');
const settings = {
  FUNCTIONS_PUBLIC_URL: 'http://127.0.0.1:1',
  STREAM_HOST_PUBLIC_URL: 'ws://127.0.0.1:1',
  STREAM_HOST_BIND: '127.0.0.1',
  REDIS_URL: 'redis://127.0.0.1:1',
  ACS_CONNECTION_STRING: 'endpoint=http://127.0.0.1:1/;accesskey=c2VjcmV0',
  ACS_RESOURCE_ID: 'r',
  SPEECH_HOST: 'ws://127.0.0.1:1',
  SPEECH_KEY: 'k',
  AZURE_OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  AZURE_OPENAI_API_KEY: 'k',
  AZURE_OPENAI_DEPLOYMENT: 'd',
};

async function start(t: TestContext, changes: Readonly<Record<string, string>>) {
  const [port = 0] = await freePorts(1);
  const env = { ...COMPILED, ...settings, STREAM_HOST_PORT: String(port), ...changes };
  const child = spawn(process.execPath, ['stream-host/main.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

/** A setting that is good by its form; only the start finds that what it names is not there. */
async function namesNothing(
  t: TestContext,
  name: string,
  value: string,
  others: Readonly<Record<string, string>> = {},
) {
  const { exitCode, output } = await start(t, { [name]: value, ...others });
  assert.equal(exitCode, CONFIG_EXIT_CODE, output);
  const fatal = output.split('\n').find((line) => line.includes('"level":60')) ?? '';
  assert.ok(fatal.includes(`"${name}`) && fatal.includes(value), output);
  return output;
}

test('a DEFAULT_AGENT that names nothing is told by its name, and the host is not started again', async (t) => {
  await namesNothing(t, 'DEFAULT_AGENT', 'nobody');
});

test('so is a STREAM_HOST_BIND; and a SMART_TURN_MODEL is told once that it has no effect any more', async (t) => {
  const output = await namesNothing(t, 'STREAM_HOST_BIND', '192.0.2.1', { SMART_TURN_MODEL: '/was/here.onnx' });
  assert.equal(output.match(/SMART_TURN_MODEL has no effect any more/g)?.length, 1, output);
});

const script = findOnPath(['script']);

test('started by hand without its settings, it lists them for a person to read (5.2-15)', {
  skip: !script && 'no terminal can be made',
}, async () => {
  const command = `${process.execPath} stream-host/main.ts`;
  const child = spawn(script ?? '', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...COMPILED, MAX_SESSIONS: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = (await child.stdout.toArray()).join('').replaceAll('\r', '');
  assert.match(output, /^These settings need to be mended before Parley can start:\n( {2}[A-Z_]+ [^\n]+\n)+$/);
  assert.match(output, /^ {2}SPEECH_HOST is not set: it takes a ws or wss address without a path, such as .*$/m);
  assert.match(output, /^ {2}MAX_SESSIONS is "0": it takes 1 to 10000\.$/m);
});
