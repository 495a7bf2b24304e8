import { execFile, spawn } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { STREAM_HOST_FLAGS } from '../shared/stream-host-flags.ts';
import { localEnvironment } from '../start/environment.ts';
import { startRedisServer } from '../start/redis-server.ts';
import { zippedBytes } from './artefact.ts';
import { ROOT } from './bundle.ts';
import { makeArtefacts } from './deploy.ts';

/**
 * `node build/measure.ts`: sizes of what is deployed, and how long both halves take to load, beside the same sources
 * compiled file by file with their packages in node_modules. The median of nine, taken in turns.
 */
const TIMES = 9;
const DEPLOY = path.join(ROOT, 'deploy');
/** Where the project's packages are found, as in an installation. */
const UNBUNDLED = path.join(ROOT, 'dist/unbundled');
/** Nobody else listens: what is measured is loading. */
const PORTS = { functions: 21_406, streamHost: 21_407, emulator: 21_408, emulatorTls: 21_409 };
const redis = await startRedisServer();
if (redis === undefined)
  throw new Error('This needs a redis-server on the path: a stream host listens once it is announced.');
const env = localEnvironment({ PATH: process.env.PATH, LOG_LEVEL: 'info' }, PORTS, redis.url);
const run = promisify(execFile);

await rm(UNBUNDLED, { recursive: true, force: true });
await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', UNBUNDLED], {
  cwd: ROOT,
});
for (const place of ['stream-host/speech/standby/clips', 'shared/audio/silero-batched.onnx']) {
  await cp(path.join(ROOT, place), path.join(UNBUNDLED, place), { recursive: true });
}
for (const [name, { bytes, files }] of await makeArtefacts(DEPLOY)) {
  say(`deploy/${name}: ${megabytes(bytes)} in ${files} files`);
}
say(`deploy/functions, zipped: ${megabytes(await zippedBytes(path.join(DEPLOY, 'functions')))}`);

const ENTRY = { functions: 'functions/app.js', host: 'stream-host/main.js' };
await compare('functions, import until all routes are registered', {
  bundled: () => loadFunctions(path.join(DEPLOY, 'functions/dist', ENTRY.functions)),
  unbundled: () => loadFunctions(path.join(UNBUNDLED, ENTRY.functions)),
});
await compare('stream host, start of the process until it listens', {
  bundled: () => startHost(path.join(DEPLOY, 'stream-host'), path.join(DEPLOY, 'stream-host/dist', ENTRY.host)),
  unbundled: () => startHost(ROOT, path.join(UNBUNDLED, ENTRY.host)),
});
await rm(UNBUNDLED, { recursive: true });
await redis.close();

interface Load {
  readonly ms: number;
  readonly rssMb: number;
}

async function compare(what: string, ways: Readonly<Record<string, () => Promise<Load>>>): Promise<void> {
  const loads = new Map<string, Load[]>(Object.keys(ways).map((way) => [way, []]));
  for (let time = 0; time < TIMES; time++) {
    for (const [way, load] of Object.entries(ways)) loads.get(way)?.push(await load());
  }
  for (const [way, all] of loads) {
    const [ms, rssMb] = [median(all.map((load) => load.ms)), median(all.map((load) => load.rssMb))];
    say(`${what}, ${way}: ${ms.toFixed(0)} ms, ${rssMb.toFixed(0)} MB`);
  }
}

/** In a worker of Azure Functions, Node's own modules are loaded before the app is. */
async function loadFunctions(file: string): Promise<Load> {
  const { stdout } = await run(process.execPath, [path.join(ROOT, 'build/load-functions.ts'), file], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

async function startHost(cwd: string, file: string): Promise<Load> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...STREAM_HOST_FLAGS, file], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const chunk of child.stdout) {
      if (!String(chunk).includes('ready on')) continue;
      const ms = performance.now() - startedAt;
      const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(child.pid)]);
      return { ms, rssMb: Number(stdout) / 1000 };
    }
    throw new Error(`${file} ended before it listened.`);
  } finally {
    child.kill('SIGKILL');
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
