import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import type { HABITS } from './caller-script.ts';
import { Child } from './child.ts';
import { makeClips } from './clips.ts';
import { Histogram } from './histogram.ts';
import type {
  DialOutcome,
  FromPhones,
  FromProbe,
  FromRecogniserAlone,
  PhonesReport,
  ProbeReport,
  ProvidersReady,
  ProvidersStart,
  RecogniserAloneStart,
  ToPhones,
  ToProbe,
} from './messages.ts';

export interface LoadTestOptions {
  /** For clips, logs and profiles. */
  readonly folder: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Places on each host. */
  readonly maxSessions: number;
  /** Replicas of the stream host, among which the calls are dealt in turn. 1 unless told otherwise. */
  readonly hosts?: number;
  /** How the callers talk: `lively` unless told otherwise. */
  readonly habits?: keyof typeof HABITS;
  /** Settings of the stream host beside those that the test needs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What both sides saw in a stretch of time. */
export interface Measured {
  readonly phones: PhonesReport;
  /** All hosts together: sums, but of each delay and wait the worst host's. */
  readonly host: ProbeReport;
  readonly vitals: Readonly<Record<string, unknown>>;
  readonly blockSeconds: number;
}

/** For each call, in each part of the time: CPU in % of a core, memory in MB; with recognisers, and feeding nobody. */
export interface RecogniserCost {
  readonly cpu: { readonly with: readonly number[]; readonly without: readonly number[] };
  readonly memoryMb: { readonly with: readonly number[]; readonly without: readonly number[] };
}

const ISSUER = 'https://acs.bench.example';
const AUDIENCE = 'bench-resource';
const AGENT = `name: bench
description: Answers at length.
greeting: Hello, this is the order desk. How can I help you today?
voice: en-US-AvaMultilingualNeural
prompt: Answer.
tools: []
`;
const READY_MS = 60_000;

/** One replica of the stream host. */
interface Host {
  readonly process: Child<ToProbe, FromProbe>;
  readonly url: string;
}

/**
 * The real stream host as a process of its own, or several replicas of it, with a real Redis, between two processes that play the world: the
 * phones (ACS's media sockets, with callers who talk and cut in) and the providers (Speech, chat completions, ACS's
 * keys). Everything but the far ends is the product as `main.ts` starts it.
 */
export class LoadTest {
  readonly #opened: AsyncDisposableStack;
  readonly #options: LoadTestOptions;
  readonly #store: SessionStore;
  readonly #phones: Child<ToPhones, FromPhones>;
  readonly #hosts: readonly [Host, ...Host[]];
  readonly #speechHost: string;

  private constructor(
    options: LoadTestOptions,
    opened: AsyncDisposableStack,
    parts: {
      readonly store: SessionStore;
      readonly phones: Child<ToPhones, FromPhones>;
      readonly hosts: readonly [Host, ...Host[]];
      readonly speechHost: string;
    },
  ) {
    this.#options = options;
    this.#opened = opened;
    this.#store = parts.store;
    this.#phones = parts.phones;
    this.#hosts = parts.hosts;
    this.#speechHost = parts.speechHost;
  }

  /** Starts everything; ends it again where that fails. */
  static async start(options: LoadTestOptions): Promise<LoadTest> {
    await using opened = new AsyncDisposableStack();
    const { folder } = options;
    await mkdir(join(folder, 'agents'), { recursive: true });
    await writeFile(join(folder, 'agents', 'bench.yaml'), AGENT);
    await makeClips(folder);

    const redis = (await startRedisServer()) ?? (await startEmbeddedRedis());
    opened.defer(() => redis.close());
    const connection = connectRedis(redis.url, pino({ level: 'silent' }));
    opened.defer(() => connection.disconnect());
    const store = new SessionStore(connection, { ttlSeconds: 3600 });

    const keys = await generateKeyPair('RS256', { extractable: true });
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'bench', alg: 'RS256' }] });
    const providers = new Child<ProvidersStart, ProvidersReady>({
      script: 'bench/acs/providers.ts',
      logFile: join(folder, 'providers.log'),
    });
    opened.defer(() => providers.close());
    const { port: providersPort } = await providers.ask({ folder, jwks, ...PROVIDER_TIMING }, 'ready');

    const startHost = async (replica: number): Promise<Host> => {
      const [port = 0] = await freePorts(1);
      const url = `http://127.0.0.1:${port}`;
      const process = new Child<ToProbe, FromProbe>({
        script: 'stream-host/main.ts',
        execArgv: [...STREAM_HOST_FLAGS, '--import', new URL('./probe.ts', import.meta.url).href],
        env: hostSettings(options, port, providersPort, redis.url),
        logFile: join(folder, replica === 0 ? 'host.log' : `host-${replica + 1}.log`),
      });
      opened.defer(() => process.close());
      await untilReady(url, process, options.signal);
      return { process, url };
    };
    const hosts: [Host, ...Host[]] = [await startHost(0)];
    while (hosts.length < (options.hosts ?? 1)) hosts.push(await startHost(hosts.length));

    const phones = new Child<ToPhones, FromPhones>({
      script: 'bench/acs/phones.ts',
      logFile: join(folder, 'phones.log'),
    });
    opened.defer(() => phones.close());
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('24h')
      .sign(keys.privateKey);
    const urls = hosts.map(({ url }) => `${url.replace('http', 'ws')}/api/v1/media/stream`);
    await phones.ask(
      { type: 'start', options: { folder, seed: options.seed, urls, token, habits: options.habits ?? 'lively' } },
      'ready',
    );
    return new LoadTest(options, opened.move(), {
      store,
      phones,
      hosts,
      speechHost: `ws://127.0.0.1:${providersPort}`,
    });
  }

  /** Puts so many sessions into Redis, as the functions do, and connects their media sockets. */
  async dial(calls: number, perSecond = 20): Promise<readonly DialOutcome[]> {
    const ids = Array.from({ length: calls }, () => randomUUID());
    await Promise.all(
      ids.map((id) =>
        this.#store.create({
          id,
          channel: 'phone',
          direction: 'inbound',
          mode: 'media',
          agent: 'bench',
          status: 'ringing',
        }),
      ),
    );
    const waitMs = (calls / perSecond) * 1000 + 30_000;
    const { outcomes } = await this.#phones.ask({ type: 'dial', ids, perSecond }, 'dialled', waitMs);
    return outcomes;
  }

  /** Ends all calls but so many. */
  hangUp(keep: number): void {
    this.#phones.tell({ type: 'hang-up', keep });
  }

  /** Lets the calls talk for so long, and reads what both sides saw. */
  async measure(
    seconds: number,
    options: { readonly blocks?: number; readonly profileTo?: string } = {},
  ): Promise<Measured> {
    const blocks = options.blocks ?? 1;
    const blockSeconds = seconds / blocks;
    const { profileTo } = options;
    const [first, ...others] = this.#hosts;
    await first.process.ask({ type: 'measure', ...(profileTo !== undefined && { profileTo }) }, 'measuring');
    await Promise.all(others.map(({ process }) => process.ask({ type: 'measure' }, 'measuring')));
    this.#phones.tell({ type: 'measure', blockMs: blockSeconds * 1000, blocks });
    await sleep(seconds * 1000, undefined, { signal: this.#options.signal });
    // At once: each second of waiting would count in the other's figures.
    const [{ report: phones }, ...reports] = await Promise.all([
      this.#phones.ask({ type: 'report' }, 'report'),
      ...this.#hosts.map(({ process }) => process.ask({ type: 'report' }, 'report')),
    ]);
    const host = together(reports.map(({ report }) => report));
    return { phones, host, vitals: await this.health(), blockSeconds };
  }

  /**
   * What the product's recogniser costs apart from the host: a process that feeds so many, less one that feeds nobody.
   * @returns per call, part by part of the time
   */
  async recogniserAlone(calls: number, seconds: number): Promise<RecogniserCost> {
    const use = async (silent: boolean) => {
      const child = new Child<RecogniserAloneStart, FromRecogniserAlone>({
        script: 'bench/acs/recogniser-alone.ts',
        logFile: join(this.#options.folder, 'recogniser.log'),
      });
      try {
        const { folder } = this.#options;
        const start = { folder, speechHost: this.#speechHost, calls, seconds, silent };
        return await child.ask(start, 'used', (seconds + 30) * 1000);
      } finally {
        await child.close();
      }
    };
    const nobody = await use(true);
    const recognisers = await use(false);
    if (recognisers.phrases === 0) throw new Error('The recognisers heard nothing.');
    const perCall = ({ parts }: FromRecogniserAlone, figure: (part: (typeof parts)[number]) => number) =>
      parts.map((part) => figure(part) / calls);
    const both = (figure: Parameters<typeof perCall>[1]) => ({
      with: perCall(recognisers, figure),
      without: perCall(nobody, figure),
    });
    return { cpu: both(({ cpuMs, elapsedMs }) => (100 * cpuMs) / elapsedMs), memoryMb: both(({ rssMb }) => rssMb) };
  }

  /** What the first host's main thread holds once its garbage is collected, in MB. Stalls it: not while measuring. */
  async liveMemoryMb(): Promise<number> {
    return (await this.#hosts[0].process.ask({ type: 'collect' }, 'collected')).liveMb;
  }

  /** What the first host's `GET /healthz` says. */
  health(): Promise<Record<string, unknown>> {
    return getJson(`${this.#hosts[0].url}/healthz`);
  }

  /** What each host's `GET /healthz` says. */
  healths(): Promise<Record<string, unknown>[]> {
    return Promise.all(this.#hosts.map(({ url }) => getJson(`${url}/healthz`)));
  }

  /** What the first host's `GET /readyz` says. */
  readiness(): Promise<Record<string, unknown>> {
    return getJson(`${this.#hosts[0].url}/readyz`);
  }

  /** The load that the host has announced to the functions. */
  hosts(): ReturnType<SessionStore['hosts']> {
    return this.#store.hosts();
  }

  async close(): Promise<void> {
    this.hangUp(0);
    await this.#opened.disposeAsync();
  }
}

/** Delays of good services, the same for all runs. */
export const PROVIDER_TIMING = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 100, chunkMs: 100, speed: 4 },
  chat: { firstTokenMs: 150, tokenMs: 20 },
} as const;

/** The reports of several hosts on the same stretch of time as one. */
function together(reports: readonly ProbeReport[]): ProbeReport {
  const sum = (figure: (report: ProbeReport) => number) => reports.reduce((total, report) => total + figure(report), 0);
  const verdict = new Histogram();
  for (const report of reports) verdict.merge(Histogram.from(report.verdict));
  const most = (figure: (report: ProbeReport) => number) => Math.max(...reports.map(figure));
  return {
    stops: reports.flatMap(({ stops }) => stops),
    elapsedMs: most(({ elapsedMs }) => elapsedMs),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    mainThreadCpuMs: sum(({ mainThreadCpuMs }) => mainThreadCpuMs),
    waitedForCpuMs: most(({ waitedForCpuMs }) => waitedForCpuMs),
    rssMb: sum(({ rssMb }) => rssMb),
    heapMb: sum(({ heapMb }) => heapMb),
    verdict: verdict.toJson(),
    loopDelayMs: {
      p50: most(({ loopDelayMs }) => loopDelayMs.p50),
      p99: most(({ loopDelayMs }) => loopDelayMs.p99),
      max: most(({ loopDelayMs }) => loopDelayMs.max),
    },
  };
}

function hostSettings(options: LoadTestOptions, hostPort: number, providersPort: number, redisUrl: string) {
  const providers = `127.0.0.1:${providersPort}`;
  return {
    STREAM_HOST_BIND: '127.0.0.1',
    STREAM_HOST_PORT: String(hostPort),
    FUNCTIONS_PUBLIC_URL: `http://${providers}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${hostPort}`,
    STREAM_HOST_URL: `http://127.0.0.1:${hostPort}`,
    REDIS_URL: redisUrl,
    ACS_CONNECTION_STRING: `endpoint=http://${providers}/;accesskey=${Buffer.from('bench').toString('base64')}`,
    ACS_RESOURCE_ID: AUDIENCE,
    ACS_TOKEN_ISSUER: ISSUER,
    ACS_JWKS_URL: `http://${providers}/calling/keys`,
    SPEECH_HOST: `ws://${providers}`,
    SPEECH_KEY: 'bench',
    AZURE_OPENAI_BASE_URL: `http://${providers}/openai/v1`,
    AZURE_OPENAI_API_KEY: 'bench',
    AZURE_OPENAI_DEPLOYMENT: 'bench',
    AGENTS_FOLDER: join(options.folder, 'agents'),
    DEFAULT_AGENT: 'bench',
    MAX_SESSIONS: String(options.maxSessions),
    ...options.env,
  };
}

async function untilReady(url: string, host: { readonly running: boolean }, signal: AbortSignal): Promise<void> {
  for (const giveUpAtMs = performance.now() + READY_MS; performance.now() < giveUpAtMs; ) {
    signal.throwIfAborted();
    if (!host.running) break;
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await sleep(100);
  }
  throw new Error('The stream host did not become ready; its log in the work folder has the reason.');
}

async function getJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return (await response.json()) as Record<string, unknown>;
}
