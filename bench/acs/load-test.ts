import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { MEDIA_TOKEN_SECONDS, TokenIssuer } from '../../emulator/acs/token-issuer.ts';
import type { StreamingMode } from '../../shared/modes/streaming-modes.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import type { HABITS } from './caller-script.ts';
import { Child } from './child.ts';
import { type Clips, makeClips } from './clips.ts';
import type { PhonesApi } from './phones.ts';
import type { ProbeApi } from './probe.ts';
import type { ProvidersApi, ProviderTiming } from './providers.ts';
import type { RecogniserAloneApi } from './recogniser-alone.ts';
import type { RealtimeRecord } from './scripted-realtime.ts';

export interface LoadTestOptions {
  /** For logs. */
  readonly folder: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Places on each host. */
  readonly maxSessions: number;
  /** Replicas of the stream host, among which the calls are dealt in turn. */
  readonly hosts: number;
  /** How the callers talk. */
  readonly habits: keyof typeof HABITS;
  /** What answers them. */
  readonly mode: StreamingMode;
}

type ProbeReport = ReturnType<ProbeApi['report']>;

/** What both sides saw in a stretch of time. */
export interface Measured {
  readonly phones: ReturnType<PhonesApi['report']>;
  /** All hosts together: sums, but of each delay and wait the worst host's. */
  readonly host: ProbeReport;
}

/** For each call, in each part of the time: CPU in % of a core, memory in MB. */
export type RecogniserUse = readonly { readonly cpu: number; readonly rssMb: number }[];

const ACS = { issuer: 'https://acs.bench.example', audience: 'bench-resource' };
const AGENT = `name: bench
description: Answers at length.
greeting: Hello, this is the order desk. How can I help you today?
voice: en-US-AvaMultilingualNeural
prompt: Answer.
tools: []
`;
const READY_MS = 60_000;
/** Who is refused dials again, as a phone network does, for so long. */
const REDIAL_MS = 60_000;
const REDIAL_PAUSE_MS = 3000;
const DIAL_PER_SECOND = 10;

/**
 * From the first sound of a caller to a service's `speech_started`. Voice Live hears 80 ms of speech first
 * (`speech_duration_ms`, "How to use the Voice Live API", Microsoft Learn); 60 ms are supposed for the network, both ways.
 */
export const SERVICE_HEARS_MS = 80 + 60;

const TIMING: ProviderTiming = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 100, pieceMs: 25 },
  chat: { firstTokenMs: 150, tokenMs: 20 },
  // Twice as fast as speech, so that many interruptions come while an answer is being made.
  realtime: { hearsMs: { usual: SERVICE_HEARS_MS, late: 600 }, silenceMs: 500, answerMs: 300, pieceMs: 50 },
};

/** One replica of the stream host. */
interface Host {
  readonly process: Child<ProbeApi>;
  readonly url: string;
}

interface Parts {
  readonly store: SessionStore;
  readonly phones: Child<PhonesApi>;
  readonly providers: Child<ProvidersApi>;
  readonly hosts: readonly Host[];
  readonly speechHost: string;
  readonly clips: Clips;
}

/**
 * The real stream host as a process of its own, or several replicas of it, with a real Redis, between two processes that
 * play the world: the phones (ACS's media sockets, with callers who talk and cut in) and the providers (Speech, chat
 * completions, ACS's keys). Everything but the far ends is the product as `main.ts` starts it.
 */
export class LoadTest {
  readonly #opened: AsyncDisposableStack;
  readonly #options: LoadTestOptions;
  readonly #parts: Parts;

  private constructor(options: LoadTestOptions, opened: AsyncDisposableStack, parts: Parts) {
    this.#options = options;
    this.#opened = opened;
    this.#parts = parts;
  }

  /** Starts everything; ends it again where that fails. */
  static async start(options: LoadTestOptions): Promise<LoadTest> {
    await using opened = new AsyncDisposableStack();
    const { folder, seed, habits, signal } = options;
    await mkdir(join(folder, 'agents'), { recursive: true });
    await writeFile(join(folder, 'agents', 'bench.yaml'), AGENT);
    const child = <Served extends Record<string, (...args: never[]) => unknown>>(
      script: string,
      log: string,
      more: { readonly execArgv?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
    ) => {
      const started = new Child<Served>({ script, logFile: join(folder, `${log}.log`), ...more });
      opened.defer(() => started.close());
      return started;
    };
    const redis = (await startRedisServer()) ?? (await startEmbeddedRedis());
    opened.defer(() => redis.close());
    const connection = connectRedis(redis.url, pino({ level: 'silent' }));
    opened.defer(() => connection.disconnect());

    const clips = await makeClips();
    const tokens = await TokenIssuer.create(ACS);
    const providers = child<ProvidersApi>('bench/acs/providers.ts', 'providers');
    const providersPort = await providers.call('start', clips, JSON.stringify(tokens.jwks), TIMING);
    const hosts: Host[] = [];
    while (hosts.length < options.hosts) {
      const [port = 0] = await freePorts(1);
      const url = `http://127.0.0.1:${port}`;
      const process = child<ProbeApi>('stream-host/main.ts', `host-${hosts.length + 1}`, {
        execArgv: [...STREAM_HOST_FLAGS, '--import', new URL('./probe.ts', import.meta.url).href],
        env: hostSettings(options, port, providersPort, redis.url),
      });
      await untilReady(url, process, signal);
      hosts.push({ process, url });
    }
    const token = await tokens.sign(MEDIA_TOKEN_SECONDS);
    const urls = hosts.map(({ url }) => `${url.replace('http', 'ws')}/api/v1/media/stream`);
    const phones = child<PhonesApi>('bench/acs/phones.ts', 'phones');
    await phones.call('start', { clips: clips.callers, seed, urls, token, habits });
    const store = new SessionStore(connection, { ttlSeconds: 3600 });
    const speechHost = `ws://127.0.0.1:${providersPort}`;
    return new LoadTest(options, opened.move(), { store, phones, providers, hosts, speechHost, clips });
  }

  /** Puts so many sessions into Redis, as the functions do, and connects their media sockets. */
  async dial(calls: number, perSecond: number) {
    const ids = Array.from({ length: calls }, () => randomUUID());
    const { mode } = this.#options;
    const call = { channel: 'phone', direction: 'inbound', mode, agent: 'bench', status: 'ringing' } as const;
    await Promise.all(ids.map((id) => this.#parts.store.create({ id, ...call })));
    return this.#parts.phones.call('dial', ids, perSecond);
  }

  /**
   * Connects calls; those that the host is too busy for at the moment dial again, for a minute.
   * @returns how many were let in
   */
  async connect(calls: number): Promise<number> {
    let missing = calls;
    for (const giveUpAtMs = performance.now() + REDIAL_MS; ; ) {
      const outcomes = await this.dial(missing, DIAL_PER_SECOND);
      missing = outcomes.filter(({ outcome }) => outcome === 'refused').length;
      if (missing === 0 || performance.now() > giveUpAtMs) return calls - missing;
      await sleep(REDIAL_PAUSE_MS, undefined, { signal: this.#options.signal });
    }
  }

  /** Ends all calls but so many. */
  hangUp(keep: number): Promise<void> {
    return this.#parts.phones.call('hangUp', keep);
  }

  /** Lets the calls talk for so long, and reads what both sides saw. @param blocks parts, for the spread */
  async measure(seconds: number, blocks = 1): Promise<Measured> {
    const { hosts, phones } = this.#parts;
    await Promise.all(hosts.map(({ process }) => process.call('measure')));
    await phones.call('measure', (seconds * 1000) / blocks, blocks);
    await sleep(seconds * 1000, undefined, { signal: this.#options.signal });
    // At once: each second of waiting would count in the other's figures.
    const [seen, ...reports] = await Promise.all([
      phones.call('report'),
      ...hosts.map(({ process }) => process.call('report')),
    ]);
    return { phones: seen, host: together(reports) };
  }

  /** What the speech-to-speech service has done since it was asked last. */
  realtimeReport(): Promise<RealtimeRecord> {
    return this.#parts.providers.call('realtimeReport');
  }

  /** What so many of the product's recognisers use in a process that does nothing else; `silent`: the feeding alone. */
  async recogniserAlone(calls: number, seconds: number, silent: boolean): Promise<RecogniserUse> {
    const logFile = join(this.#options.folder, 'recogniser.log');
    const child = new Child<RecogniserAloneApi>({ script: 'bench/acs/recogniser-alone.ts', logFile });
    try {
      const { clips, speechHost } = this.#parts;
      const used = await child.call('use', { clips: clips.callers, speechHost, calls, seconds, silent });
      return used.map(({ cpu, rssMb }) => ({ cpu: cpu / calls, rssMb: rssMb / calls }));
    } finally {
      await child.close();
    }
  }

  /** What the hosts' main threads hold once their garbage is collected, in MB. Stalls them: not while measuring. */
  async liveMemoryMb(): Promise<number> {
    const held = await Promise.all(this.#parts.hosts.map(({ process }) => process.call('collect')));
    return held.reduce((sum, mb) => sum + mb, 0);
  }

  /** What each host's `GET /healthz` says of who is let in. */
  async admissions(): Promise<({ readonly closedBy?: string } | undefined)[]> {
    return Promise.all(
      this.#parts.hosts.map(async ({ url }) => {
        const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) });
        return ((await response.json()) as { admission?: { closedBy?: string } }).admission;
      }),
    );
  }

  async close(): Promise<void> {
    await this.hangUp(0).catch(() => {});
    await this.#opened.disposeAsync();
  }
}

/** The reports of several hosts on the same stretch of time as one. */
function together(reports: readonly ProbeReport[]): ProbeReport {
  type Figure = { [Key in keyof ProbeReport]: ProbeReport[Key] extends number ? Key : never }[keyof ProbeReport];
  const sum = (key: Figure) => reports.reduce((total, report) => total + report[key], 0);
  const most = (key: Figure) => Math.max(...reports.map((report) => report[key]));
  return {
    stops: reports.flatMap(({ stops }) => stops),
    verdictsMs: reports.flatMap(({ verdictsMs }) => verdictsMs),
    elapsedMs: most('elapsedMs'),
    cpuMs: sum('cpuMs'),
    mainThreadCpuMs: sum('mainThreadCpuMs'),
    waitedForCpuMs: most('waitedForCpuMs'),
    rssMb: sum('rssMb'),
    loopDelayP99Ms: most('loopDelayP99Ms'),
  };
}

function hostSettings(options: LoadTestOptions, port: number, providersPort: number, redisUrl: string) {
  const { folder, maxSessions, mode } = options;
  const providers = `127.0.0.1:${providersPort}`;
  return {
    STREAM_HOST_BIND: '127.0.0.1',
    STREAM_HOST_PORT: String(port),
    FUNCTIONS_PUBLIC_URL: `http://${providers}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${port}`,
    STREAM_HOST_URL: `http://127.0.0.1:${port}`,
    REDIS_URL: redisUrl,
    ACS_CONNECTION_STRING: `endpoint=http://${providers}/;accesskey=${Buffer.from('bench').toString('base64')}`,
    ACS_RESOURCE_ID: ACS.audience,
    ACS_TOKEN_ISSUER: ACS.issuer,
    ACS_JWKS_URL: `http://${providers}/calling/keys`,
    SPEECH_HOST: `ws://${providers}`,
    SPEECH_KEY: 'bench',
    AZURE_OPENAI_BASE_URL: `http://${providers}/openai/v1`,
    AZURE_OPENAI_API_KEY: 'bench',
    AZURE_OPENAI_DEPLOYMENT: 'bench',
    ACS_STREAMING_MODE: mode.toUpperCase(),
    AZURE_VOICE_LIVE_ENDPOINT: `http://${providers}`,
    AZURE_VOICE_LIVE_MODEL: 'bench',
    AZURE_VOICE_LIVE_API_KEY: 'bench',
    AGENTS_FOLDER: join(folder, 'agents'),
    DEFAULT_AGENT: 'bench',
    MAX_SESSIONS: String(maxSessions),
  };
}

async function untilReady(url: string, host: { readonly running: boolean }, signal: AbortSignal): Promise<void> {
  for (const giveUpAtMs = performance.now() + READY_MS; performance.now() < giveUpAtMs && host.running; ) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error('The stream host did not become ready; its log in the work folder has the reason.');
}
