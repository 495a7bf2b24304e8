import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { COMPILED } from '../shared/testing/compiled.ts';
import { DEFAULT_PORTS, localEnvironment } from './environment.ts';
import { createLogView } from './log-lines.ts';
import { portProblems } from './ports.ts';
import { idleSettings, mistypedSettings, requireGoodSettings } from './settings.ts';
import { SupervisedProcess } from './supervised-process.ts';

const ROOT = path.join(import.meta.dirname, '..');
const envOf = (given: Record<string, string>) => localEnvironment(given, DEFAULT_PORTS, 'redis://127.0.0.1');

test('the settings of a local stack are good as they are', () => {
  assert.doesNotThrow(() => requireGoodSettings(envOf({})));
});

test('a local stack has both speech-to-speech services of the emulator, and leaves those of the user alone', () => {
  const local = envOf({});
  assert.deepEqual([local.REALTIME_SERVICE, local.AZURE_VOICE_LIVE_MODEL], ['azure-voice-live', 'local']);
  assert.equal(local.AZURE_VOICE_LIVE_ENDPOINT, `http://127.0.0.1:${DEFAULT_PORTS.emulator}`);
  const other = envOf({ REALTIME_SERVICE: 'azure-openai' });
  assert.deepEqual(
    [other.AZURE_OPENAI_REALTIME_DEPLOYMENT, other.REALTIME_TRANSCRIPTION_MODEL],
    ['local', 'whisper-1'],
  );
  const own = envOf({ AZURE_VOICE_LIVE_ENDPOINT: 'https://voice.example', AZURE_VOICE_LIVE_MODEL: 'gpt-realtime-2' });
  assert.deepEqual([own.AZURE_VOICE_LIVE_API_KEY, own.AZURE_VOICE_LIVE_MODEL], [undefined, 'gpt-realtime-2']);
  const ownOpenAi = envOf({ AZURE_OPENAI_REALTIME_DEPLOYMENT: 'mine' });
  assert.deepEqual([ownOpenAi.REALTIME_SERVICE, ownOpenAi.AZURE_OPENAI_REALTIME_API_KEY], ['azure-openai', undefined]);
});

test('telemetry of a local stack goes to the emulator, unless the user has somewhere else for it', () => {
  const { emulator } = DEFAULT_PORTS;
  const { APPLICATIONINSIGHTS_CONNECTION_STRING: local = '' } = envOf({});
  assert.match(local, new RegExp(`^InstrumentationKey=[0-9a-f-]{36};IngestionEndpoint=http://127.0.0.1:${emulator}/;`));
  const own = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  assert.equal(envOf(own).APPLICATIONINSIGHTS_CONNECTION_STRING, undefined);
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

test('a bad port hides no other setting that is bad, nor another port (a bad port hid the rest)', () => {
  const given = { FUNCTIONS_PORT: 'high', EMULATOR_PORT: '0', MAX_SESSIONS: 'many', STREAM_HOST_PORT: '8443' };
  assert.throws(
    () => requireGoodSettings(envOf(given), portProblems(given)),
    ({ message }: Error) => {
      const names = message.split('\n').map((line) => /^ {2}(\w+) /.exec(line)?.[1]);
      assert.deepEqual(names.filter(Boolean).sort(), [
        'EMULATOR_PORT',
        'FUNCTIONS_PORT',
        'MAX_SESSIONS',
        'STREAM_HOST_PORT',
      ]);
      return true;
    },
  );
});

test('a model without the server that has it is named at the start, as it has no effect (OPENAI_MODEL was ignored)', () => {
  assert.match(idleSettings({ OPENAI_MODEL: 'llama3.1' }).join(), /OPENAI_MODEL.*OPENAI_BASE_URL/);
  assert.deepEqual(idleSettings({ OPENAI_MODEL: 'llama3.1', OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' }), []);
  assert.deepEqual(idleSettings({ OPENAI_API_KEY: 'of another program' }), []);
});

const AGENT = 'description: d\ngreeting: Hello.\nvoice: en-US-AvaMultilingualNeural\nprompt: p\n';

/** What is wrong, and what the one line must say of it. */
const BAD_STARTS: readonly (readonly [given: Record<string, string>, line: RegExp])[] = [
  [{ MAX_SESSIONS: '0' }, /MAX_SESSIONS is "0": it takes 1 to 10000\./],
  [{ LOG_LEVEL: 'verbose' }, /LOG_LEVEL is "verbose": it takes debug, info, warn or error\./],
  [{ DEFAULT_AGENT: 'nobody' }, /DEFAULT_AGENT is "nobody": it takes one of those in AGENTS_FOLDER: .*orders/],
  [{ AGENTS_FOLDER: '/nowhere' }, /AGENTS_FOLDER is "\/nowhere": it takes a folder/],
  [{ OPENAI_BASE_URL: 'foo' }, /OPENAI_BASE_URL is "foo": it takes an http\(s\) address/],
  [{ SPEECH_LANGUAGE: 'german' }, /SPEECH_LANGUAGE is "german": it takes a language with its region, such as en-US/],
  [
    { FUNCTIONS_PORT: '24301', STREAM_HOST_PORT: '24301' },
    /FUNCTIONS_PORT and STREAM_HOST_PORT are both 24301: each takes a port of its own/,
  ],
  [
    { TRANSCRIPTION_WEBHOOK_URL: 'http://localhost:9000/words' },
    /TRANSCRIPTION_WEBHOOK_SECRET is not set: it takes .* where TRANSCRIPTION_WEBHOOK_URL is set\./,
  ],
  [
    { ACS_STREAMING_MODE: 'video' },
    /ACS_STREAMING_MODE is "video": it takes media, voice_live, transcription, in any case/,
  ],
  [{ AGENTS_FOLDER: 'broken-yaml' }, /desk\.yaml is no valid YAML: .*line 2/],
  [{ AGENTS_FOLDER: 'bad-field' }, /desk\.yaml: .*greetings/],
  [{ AGENTS_FOLDER: 'no-tool' }, /desk\.yaml: tools\[0\]: there is no tool "no_such_tool"/],
];

test('npm start ends with one line that names what is wrong, what it was given and what it takes (5.2-3, start-with-a-bad-log-level)', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-agents-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = {
    'broken-yaml': 'name: "desk\nprompt: x',
    'bad-field': `name: desk\n${AGENT}greetings: Hi.\n`,
    'no-tool': `name: desk\n${AGENT}tools: [no_such_tool]\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.join(folder, name));
    await writeFile(path.join(folder, name, 'desk.yaml'), text);
  }
  for (const [given, line] of BAD_STARTS) {
    const agents = given.AGENTS_FOLDER ?? '';
    const env = agents in files ? { AGENTS_FOLDER: path.join(folder, agents) } : given;
    const { exitCode, output } = await start(env);
    assert.match(output, /^[^\n]*FATAL[^\n]*\n$/, output);
    assert.match(output, line);
    assert.equal(exitCode, 1);
  }
});

test('an option of npm start that is none ends it with those that there are (newcomer: a stack trace)', async () => {
  const { exitCode, output } = await start({}, ['--identiy']);
  assert.match(output, /^[^\n]*FATAL[^\n]*--identiy[^\n]*There are: --identity, --built <folder>[^\n]*\n$/);
  assert.equal(exitCode, 1);
});

test('a variable that looks like a setting and is none is pointed out, once (compat 5.2-14)', () => {
  assert.deepEqual(mistypedSettings({ OPENAI_BASEURL: 'x', PATH: 'y' }), [
    'OPENAI_BASEURL is set, and Parley has no such setting: did you mean OPENAI_BASE_URL?',
  ]);
  assert.deepEqual(mistypedSettings({ MAX_SESSION: '1' }), [], 'the stream host tells of its own');
});

async function start(given: Record<string, string>, options: readonly string[] = []) {
  const child = spawn(process.execPath, ['start/main.ts', ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Only what is given: a setting of whoever runs the tests must not be one of these.
    env: { PATH: process.env.PATH, ...COMPILED, ...given },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

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
