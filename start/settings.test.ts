import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { freePorts } from '../shared/testing/free-ports.ts';
import { DEFAULT_PORTS, localEnvironment } from './environment.ts';
import { createLogView } from './log-lines.ts';
import { requireGoodSettings } from './settings.ts';
import { SupervisedProcess } from './supervised-process.ts';

const ROOT = path.join(import.meta.dirname, '..');
const envOf = (given: Record<string, string>) => localEnvironment(given, DEFAULT_PORTS, 'redis://127.0.0.1');

test('the settings of a local stack are good as they are', () => {
  assert.doesNotThrow(() => requireGoodSettings(envOf({})));
});

test('what is wrong with the settings of any process is told once, and all of it (start-with-a-bad-log-level)', () => {
  const given = { LOG_LEVEL: 'verbose', MAX_SESSIONS: 'many', SPEECH_MODEL: 'huge', SPEECH_KEY: 'hidden' };
  assert.throws(
    () => requireGoodSettings(envOf(given)),
    ({ message }: Error) => {
      const names = message.split('\n').map((line) => /^ {2}(\w+) /.exec(line)?.[1]);
      assert.deepEqual(names.filter(Boolean).sort(), ['LOG_LEVEL', 'MAX_SESSIONS', 'SPEECH_MODEL']);
      return true;
    },
  );
  assert.throws(() => requireGoodSettings(envOf({ MAX_SESSIONS: 'many' })), { message: /^MAX_SESSIONS is "many".*$/ });
});

test('npm start ends with one line that names a bad setting, without a stack (start-with-a-bad-log-level)', async () => {
  for (const given of [{ LOG_LEVEL: 'verbose' }, { SPEECH_MODEL: 'huge' }, { MAX_SESSIONS: '0' }]) {
    const [functions = 0, streamHost = 0, emulator = 0, tls = 0] = await freePorts(4);
    const child = spawn(process.execPath, ['start/main.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        FUNCTIONS_PORT: `${functions}`,
        STREAM_HOST_PORT: `${streamHost}`,
        EMULATOR_PORT: `${emulator}`,
        EMULATOR_TLS_PORT: `${tls}`,
        REDIS_URL: '',
        ...given,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 1);
    assert.match(output, new RegExp(`^[^\\n]*FATAL[^\\n]*${Object.keys(given)[0]} is [^\\n]*\\n$`));
  }
});

test('a process that ends because of its settings is not started again; one that dies is', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-start-'));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'hopeless.mjs'), 'process.exit(78);');
  await writeFile(path.join(folder, 'dying.mjs'), 'process.exit(1);');
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const run = (name: string, onHopeless: () => void) => {
    const view = createLogView(() => {}, false);
    const supervised = new SupervisedProcess({ name, entry: `${name}.mjs`, folder, env: {}, log, view, onHopeless });
    context.after(() => supervised.close());
    supervised.start();
    return supervised;
  };
  const starts = (name: string) => lines.filter((line) => line.includes(`started ${name}`)).length;

  await new Promise<void>((resolve) => run('hopeless', resolve));
  run('dying', () => assert.fail('it may be started again'));
  while (starts('dying') < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(starts('hopeless'), 1);
});
