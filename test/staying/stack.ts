import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { writeBenchAgent } from '../../bench/acs/bench-agent.ts';
import type { Clips } from '../../bench/acs/clips.ts';
import { startProviders } from '../../bench/acs/start-providers.ts';
import { Child } from '../../bench/child.ts';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { Faults } from '../../emulator/faults.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { systemClock } from '../../shared/clock.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { localEnvironment } from '../../start/environment.ts';
import { type PrivateRedis, startRedisServer } from '../../start/redis-server.ts';
import { Front } from './front.ts';
import { Host } from './host.ts';
import { RedisPair } from './redis-pair.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** Of services that nobody plays here. */
const NOT_HERE = /^(?:REALTIME_|AZURE_VOICE_LIVE_|AZURE_OPENAI_REALTIME_|APPLICATIONINSIGHTS_|OTEL_)/;
const silent = pino({ level: process.env.TEST_LOG ?? 'silent' });

/**
 * Both halves as processes, a real Redis, the emulator's ACS with its callers in this process, and speech and model played
 * by a script: what stands or falls is Parley's own.
 */
export class StayingStack {
  readonly clips: Clips;
  readonly folder: string;
  readonly emulatorUrl: string;
  readonly faults: Faults;
  readonly front: Front;
  readonly hosts: Host[] = [];
  readonly redisPort: number;
  readonly store: SessionStore;
  readonly redisConnection: ReturnType<typeof connectRedis>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #opened: AsyncDisposableStack;
  readonly #usedPorts: number[];
  #redis: PrivateRedis;
  /** Where Redis has a replica. */
  readonly pair: RedisPair | undefined;
  functions: Child<Record<never, never>>;

  private constructor(parts: {
    clips: Clips;
    folder: string;
    emulatorUrl: string;
    faults: Faults;
    front: Front;
    redis: PrivateRedis;
    functions: Child<Record<never, never>>;
    env: Readonly<Record<string, string>>;
    ports: number[];
    opened: AsyncDisposableStack;
  }) {
    this.clips = parts.clips;
    this.folder = parts.folder;
    this.emulatorUrl = parts.emulatorUrl;
    this.faults = parts.faults;
    this.front = parts.front;
    this.#redis = parts.redis;
    this.pair = parts.redis instanceof RedisPair ? parts.redis : undefined;
    this.functions = parts.functions;
    this.#env = parts.env;
    this.#usedPorts = parts.ports;
    this.#opened = parts.opened;
    this.redisPort = Number(new URL(parts.redis.url).port);
    this.redisConnection = connectRedis(parts.redis.url, silent);
    this.#opened.defer(() => this.redisConnection.disconnect());
    this.store = new SessionStore(this.redisConnection, { ttlSeconds: 3600 });
  }

  /** @param startRedis what both halves get as Redis */
  static async start(startRedis: () => Promise<PrivateRedis | undefined> = startRedisServer): Promise<StayingStack> {
    const opened = new AsyncDisposableStack();
    const folder = await mkdtemp(path.join(tmpdir(), 'parley-staying-'));
    if (!process.env.KEEP_LOGS) opened.defer(() => rm(folder, { recursive: true, force: true }));
    const agent = await writeBenchAgent(folder);
    const redis = await startRedis();
    if (redis === undefined) throw new Error('This needs a redis-server on the path.');
    const [frontPort = 0, functionsPort = 0, ...ports] = await freePorts(26);
    const front = await Front.listen(frontPort);
    opened.defer(() => front.close());
    const { clips, far, process: providers } = await startProviders(folder);
    opened.defer(() => providers.close());

    const server = new EmulatorServer(await loadCertificate(folder), silent);
    const emulatorPort = (await server.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
    const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
    const given = {
      ...{ SPEECH_HOST: `ws://${far}`, AZURE_OPENAI_BASE_URL: `http://${far}/openai/v1` },
      STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${frontPort}`,
      STREAM_HOST_URL: `http://127.0.0.1:${frontPort}`,
      ...{ ...agent, MAX_SESSIONS: '60' },
      CALL_RECORDS_DIR: path.join(folder, 'records'),
      WATCH_AGENTS: 'false',
    };
    const local = { functions: functionsPort, streamHost: frontPort, emulator: emulatorPort, emulatorTls: 1 };
    const { DRAIN_LIMIT_SECONDS: _, ...whole } = localEnvironment(given, local, redis.url);
    const env = Object.fromEntries(Object.entries(whole).filter(([name]) => !NOT_HERE.test(name)));
    const faults = new Faults(silent);
    const acs = await AcsService.open({
      accessKey: env.EMULATOR_ACCESS_KEY,
      resourceId: env.EMULATOR_RESOURCE_ID ?? '',
      tokenIssuer: 'https://acscallautomation.communication.azure.com',
      keyFolder: folder,
      webhookUrl: env.EVENT_GRID_WEBHOOK_URL ?? '',
      gridSchema: 'EventGridSchema',
      ringTimeoutMs: 30_000,
      callbackTimeoutMs: 60_000,
      faults,
      clock: systemClock,
      log: silent,
    });
    server.mount(faults, acs);
    const functions = startFunctions(folder, env);
    opened.defer(() => functions.close());
    opened.defer(async () => {
      await acs.close();
      await server.close();
    });
    await functions.answersAt(`${env.FUNCTIONS_URL}/api/v1/health`);
    await acs.start();
    return new StayingStack({ clips, folder, emulatorUrl, faults, front, redis, functions, env, ports, opened });
  }

  /**
   * Starts another host and puts it behind the front.
   * @param folder of another release of Parley
   */
  async startHost(name: string, more: Readonly<Record<string, string>>, folder = ROOT): Promise<Host> {
    const [port = 0, door = 0] = this.#usedPorts.splice(0, 2);
    // A release before this one knows the drain by its older name alone.
    const drain = folder === ROOT ? { DRAIN_LIMIT_SECONDS: '20' } : { DRAIN_MS: '20000' };
    const env = { ...this.#env, ...drain, ...more };
    const logFile = path.join(this.folder, `${name}.log`);
    const host = await Host.start({ name, port, folder, env, redisPort: this.redisPort, logFile }, door);
    this.hosts.push(host);
    await this.front.add(port);
    return host;
  }

  /** Who holds a session: the name of a host. */
  async holderOf(sessionId: string): Promise<string | undefined> {
    const owner = await this.store.owner(sessionId);
    return this.hosts.find(({ port }) => owner?.startsWith(`${hostname()}:${port}#`))?.name;
  }

  async redisPid(): Promise<number> {
    return Number(/process_id:(\d+)/.exec(await this.redisConnection.info('server'))?.[1]);
  }

  /** A Redis at the same place, without anything in it. */
  async startRedisAgain(): Promise<void> {
    const redis = await startRedisServer({ port: this.redisPort });
    if (redis === undefined) throw new Error('redis-server is gone');
    this.#redis = redis;
  }

  get functionsUrl(): string {
    return this.#env.FUNCTIONS_URL ?? '';
  }

  /** Others in the place of those that were killed. Resolves when they answer. */
  async startFunctionsAgain(): Promise<void> {
    const functions = startFunctions(this.folder, this.#env);
    this.functions = functions;
    this.#opened.defer(() => functions.close());
    await functions.answersAt(`${this.functionsUrl}/api/v1/health`);
  }

  async close(): Promise<void> {
    for (const host of this.hosts) await host.close();
    await this.#opened.disposeAsync();
    await this.#redis.close();
  }
}

function startFunctions(folder: string, env: Readonly<Record<string, string>>): Child<Record<never, never>> {
  const logFile = path.join(folder, 'functions.log');
  return new Child({ name: 'functions', args: ['emulator/functions-host/main.ts'], env, logFile });
}
