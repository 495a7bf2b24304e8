import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { STREAM_HOST_FLAGS } from '../shared/stream-host-flags.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { freePorts } from '../shared/testing/free-ports.ts';
import { localEnvironment } from '../start/environment.ts';
import { Intake } from '../stream-host/telemetry/testing/intake.ts';
import { builtIn } from '../test/testing/built-stack.ts';
import { type Measures, settle, zippedBytes } from './artefact.ts';
import { ROOT } from './bundle.ts';
import { ARTEFACTS, type Artefact } from './deploy.ts';

let folder: string;
let made: ReadonlyMap<Artefact, Measures>;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-deploy-'));
  const built = await builtIn(path.join(folder, 'built'));
  // Something is put into it here.
  const copies = ARTEFACTS.map(async (name) => {
    const own = path.join(folder, name);
    await cp(path.join(built, name), own, { recursive: true });
    return [name, await settle(own, process.env.SOURCE_DATE_EPOCH)] as const;
  });
  made = new Map(await Promise.all(copies));
});

after(() => rm(folder, { recursive: true }));

const namesIn = (artefact: Artefact): string[] => globSync('**/*', { cwd: path.join(folder, artefact) });

test('the functions are one module and what it loads on demand, 540 kB at most, zipped, that needs no package', async () => {
  assert.deepEqual(
    namesIn('functions').filter((name) => /node_modules|\.map$/.test(name)),
    [],
  );
  const { main, dependencies } = JSON.parse(await readFile(path.join(folder, 'functions/package.json'), 'utf8'));
  assert.equal(main, 'dist/functions/app.js');
  assert.equal(dependencies, undefined);
  // Where it is now, there is no package above it either.
  const args = ['build/load-functions.ts', path.join(folder, 'functions', main)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  assert.match(stdout, /"ms":/);
  assert.ok((await zippedBytes(path.join(folder, 'functions'))) <= 540_000);
});

test('the stream host’s tree has Node and is at most 200 MB, with one runtime of its own platform', () => {
  const names = namesIn('stream-host');
  assert.ok((made.get('stream-host')?.bytes ?? 0) <= 200_000_000, `${made.get('stream-host')?.bytes} bytes`);
  const natives = names.filter((name) => name.endsWith('.node'));
  assert.deepEqual(natives.length, 1);
  assert.match(natives[0] ?? '', new RegExp(`${process.platform}/${process.arch}/`));
  if (process.platform === 'linux') assert.ok(names.includes('bin/node'));
  assert.deepEqual(
    names.filter((name) => /\.(?:ts|map)$|\.test\.|\/testing\//.test(name)),
    [],
  );
});

test('every package that is bundled is in LICENSES.txt', async () => {
  for (const artefact of made.keys()) {
    const text = await readFile(path.join(folder, artefact, 'LICENSES.txt'), 'utf8');
    for (const name of ['ioredis', 'pino', 'zod']) assert.match(text, new RegExp(`^${name} \\d+\\.\\d+`, 'm'));
    assert.doesNotMatch(text, /\(UNLICENSED|\(A?GPL/);
  }
});

test('what .dockerignore lets through is enough for the tree, and it is the same in another folder', async (t) => {
  const context = await mkdtemp(path.join(tmpdir(), 'parley-context-'));
  t.after(() => rm(context, { recursive: true }));
  const lines = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const name of allowed) {
    const filter = (file: string) => !/\.test\.ts$|[/\\]testing$/.test(file);
    await cp(path.join(ROOT, name), path.join(context, name), { recursive: true, filter });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(context, 'node_modules'));
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' };
  await promisify(execFile)(process.execPath, ['build/main.ts', 'stream-host'], { cwd: context, env });
  const { digest } = await settle(path.join(context, 'deploy/stream-host'), env.SOURCE_DATE_EPOCH);
  assert.equal(digest, made.get('stream-host')?.digest);
});

test('a tool that is put beside the bundled ones is loaded: it needs no build and no package', async (t) => {
  const tree = path.join(folder, 'stream-host');
  const agents = path.join(folder, 'own-agents');
  await mkdir(agents);
  await writeFile(
    path.join(agents, 'clock.yaml'),
    'greeting: Hello.\nprompt: Tell the time.\ntools: [tell_time, look_up_order]\n',
  );
  await writeFile(
    path.join(tree, 'dist/agents/tools/tell-time.js'),
    `export default {
      description: 'Tells the time.',
      parameters: { type: 'object', properties: { zone: { type: 'string' } } },
      run: ({ zone }) => new Date().toLocaleTimeString('en-GB', { timeZone: zone ?? 'UTC' }),
    };`,
  );
  const [functions = 0, streamHost = 0, emulator = 0, emulatorTls = 0] = await freePorts(4);
  const given = { ...process.env, AGENTS_FOLDER: agents, DEFAULT_AGENT: 'clock' };
  const env = localEnvironment(given, { functions, streamHost, emulator, emulatorTls }, 'redis://127.0.0.1:1');
  const child = spawn(process.execPath, [...STREAM_HOST_FLAGS, 'dist/stream-host/main.js'], { cwd: tree, env });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  while (!/agents loaded/.test(said))
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail(said))]);
  assert.match(said, /"agents":\["clock"\]/);
});

test('the built host tells both Application Insights and a collector of its start, and has nothing that polls', async (t) => {
  const intake = await Intake.open();
  t.after(() => intake.close());
  const [functions = 0, streamHost = 0, emulator = 0, emulatorTls = 0] = await freePorts(4);
  const given = {
    ...process.env,
    APPLICATIONINSIGHTS_CONNECTION_STRING: intake.connectionString,
    OTEL_EXPORTER_OTLP_ENDPOINT: intake.url,
  };
  const env = localEnvironment(given, { functions, streamHost, emulator, emulatorTls }, 'redis://127.0.0.1:1');
  const tree = path.join(folder, 'stream-host');
  const child = spawn(process.execPath, [...STREAM_HOST_FLAGS, 'dist/stream-host/main.js'], { cwd: tree, env });
  t.after(() => child.kill('SIGKILL'));
  await eventually(() => intake.spans().some(({ data }) => data.baseData.name === 'parley.host.start'));
  await eventually(() => intake.otlp.some(({ body }) => body.includes('parley.host.start')));
  // What is bundled has no name of its package any more, but the words in it that only it has.
  const marks = {
    '@grpc/grpc-js': 'GRPC_NODE_VERBOSITY',
    '@azure/monitor-opentelemetry-exporter': 'STARTUP_DELAY_MIN_MS',
  };
  const built = globSync('dist/**/*.js', { cwd: tree }).map((file) => readFileSync(path.join(tree, file), 'utf8'));
  for (const [name, mark] of Object.entries(marks)) {
    const sources = globSync(`node_modules/${name}/**/*.js`, { cwd: ROOT });
    assert.ok(
      sources.some((file) => readFileSync(path.join(ROOT, file), 'utf8').includes(mark)),
      `${mark} is in ${name}`,
    );
    assert.ok(!built.some((text) => text.includes(mark)), `${name} is in the build`);
  }
});

test('an unknown part of the build is refused by name', async () => {
  const failed = promisify(execFile)(process.execPath, ['build/main.ts', 'streamhost'], { cwd: ROOT });
  await assert.rejects(failed, /There is no "streamhost" to build: functions or stream-host, or both/);
});
