import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
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
import { Child } from '../child.ts';
import type { RowContext } from '../row.ts';
import { writeBenchAgent } from './bench-agent.ts';
import type { HABITS } from './caller-script.ts';
import { makeClips } from './clips.ts';
import type { PhonesApi } from './phones.ts';
import type { ProbeApi } from './probe.ts';
import type { ProvidersApi } from './providers.ts';
import type { RealtimeRecord } from './scripted-realtime.ts';
import type { ProviderTiming } from './scripted-services.ts';

export interface LoadTestOptions {
  /** Of its logs, in the work folder. */
  readonly name: string;
  /** Places on each host. */
  readonly maxSessions: number;
  /** Replicas of the stream host, among which the calls are dealt in turn. */
  readonly hosts: number;
  /** How the callers talk. */
  readonly habits: keyof typeof HABITS;
  /** What answers them. */
  readonly mode: StreamingMode;
  /** Of each host, beside those that the test needs. */
  readonly settings?: Readonly<Record<string, string>>;
}

type ProbeReport = ReturnType<ProbeApi['report']>;

/** What both sides saw in a stretch of time. */
export interface Measured {
  readonly phones: ReturnType<PhonesApi['report']>;
  /** All hosts together: sums, but of each delay and wait the worst host's. */
  readonly host: ProbeReport;
}

const ACS = { issuer: 'https://acs.bench.example', audience: 'bench-resource' };
/** Who is refused dials again, as a phone network does, for so long. */
const REDIAL_MS = 60_000;
const REDIAL_PAUSE_MS = 3000;
const DIAL_PER_SECOND = 10;
/** Code is compiled, buffers have grown, and every caller is in the middle of the talk. */
const WARM_MS = 12_000;

/**
 * From the first sound of a caller to a service's `speech_started`. Voice Live hears 80 ms of speech first
 * (`speech_duration_ms`, "How to use the Voice Live API", Microsoft Learn); 60 ms are supposed for the network, both ways.
 */
export const SERVICE_HEARS_MS = 80 + 60;

/** Those of good services. */
export const TIMING: ProviderTiming = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 100, pieceMs: 25 },
  chat: { firstTokenMs: 150, tokenMs: 20 },
  // Twice as fast as speech, so that many interruptions come while an answer is being made.
  realtime: { hearsMs: { usual: SERVICE_HEARS_MS, late: 600 }, silenceMs: 500, answerMs: 300, pieceMs: 50 },
};

interface Parts {
  readonly redisUrl: string;
  /** Where the providers are. */
  readonly far: string;
  readonly store: SessionStore;
  readonly phones: Child<PhonesApi>;
  readonly providers: Child<ProvidersApi>;
  /** Replicas of the stream host. */
  readonly hosts: readonly { readonly process: Child<ProbeApi>; readonly url: string }[];
}

/**
 * The real stream host as a process of its own, or several replicas of it, with a real Redis, between two processes that
 * play the world: the phones (ACS's media sockets, with callers who talk and cut in) and the providers (Speech, chat
 * completions, Voice Live, ACS's keys). Everything but the far ends is the product as `main.ts` starts it.
 */
export class LoadTest {
  readonly #options: LoadTestOptions;
  readonly #signal: AbortSignal;
  readonly #parts: Parts;

  private constructor(options: LoadTestOptions, signal: AbortSignal, parts: Parts) {
    this.#options = options;
    this.#signal = signal;
    this.#parts = parts;
  }

  /** Starts everything, and ends it when the work is done. */
  static async use<Found>(
    options: LoadTestOptions,
    { seed, signal, workFolder, progress }: RowContext,
    work: (test: LoadTest) => Promise<Found>,
  ): Promise<Found> {
    await using opened = new AsyncDisposableStack();
    progress('starts the stream host, callers and providers');
    const folder = join(workFolder, options.name);
    await mkdir(folder, { recursive: true });
    const agent = await writeBenchAgent(folder);
    const child = <Served extends Record<string, (...args: never[]) => unknown>>(
      name: string,
      args: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ) => {
      const started = new Child<Served>({ name, args, env, logFile: join(folder, `${name}.log`) });
      opened.defer(() => started.close());
      return started;
    };
    const redis = (await startRedisServer()) ?? (await startEmbeddedRedis());
    opened.defer(() => redis.close());
    const connection = connectRedis(redis.url, pino({ level: 'silent' }));
    opened.defer(() => connection.disconnect());

    const clips = await makeClips();
    const tokens = await TokenIssuer.create(ACS);
    const providers = child<ProvidersApi>('providers', ['bench/acs/providers.ts']);
    const far = `127.0.0.1:${await providers.call('start', clips, JSON.stringify(tokens.jwks), TIMING)}`;
    const hosts: { process: Child<ProbeApi>; url: string }[] = [];
    const probe = new URL('./probe.ts', import.meta.url).href;
    while (hosts.length < options.hosts) {
      const [port = 0] = await freePorts(1);
      const settings = { ...hostSettings(options, port, far, redis.url), ...agent, ...options.settings };
      const args = [...STREAM_HOST_FLAGS, '--import', probe, 'stream-host/main.ts'];
      const process = child<ProbeApi>(`host-${hosts.length + 1}`, args, settings);
      const url = `http://127.0.0.1:${port}`;
      await process.answersAt(`${url}/readyz`, signal);
      hosts.push({ process, url });
    }
    const token = await tokens.sign(MEDIA_TOKEN_SECONDS);
    const urls = hosts.map(({ url }) => `${url.replace('http', 'ws')}/api/v1/media/stream`);
    const phones = child<PhonesApi>('phones', ['bench/acs/phones.ts']);
    await phones.call('start', { clips: clips.callers, seed, urls, token, habits: options.habits });
    const store = new SessionStore(connection, { ttlSeconds: 3600 });
    const test = new LoadTest(options, signal, { redisUrl: redis.url, far, store, phones, providers, hosts });
    opened.defer(() => test.hangUp(0).catch(() => {}));
    return await work(test);
  }

  get redisUrl(): string {
    return this.#parts.redisUrl;
  }

  /** The ports that the hosts are clients of, and their own. */
  get ports(): { readonly redis: number; readonly providers: number; readonly hosts: readonly number[] } {
    const { redisUrl, far, hosts } = this.#parts;
    const portOf = (url: string) => Number(new URL(url).port);
    return { redis: portOf(redisUrl), providers: portOf(`http://${far}`), hosts: hosts.map(({ url }) => portOf(url)) };
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
   * Connects calls and lets them warm up. Those that the host is too busy for at the moment dial again, for a minute.
   * @returns how many were let in
   * @throws where they are fewer than `least`: the figures would be of fewer calls than they say
   */
  async connect(calls: number, least = calls): Promise<number> {
    let missing = calls;
    for (const giveUpAtMs = performance.now() + REDIAL_MS; ; ) {
      const outcomes = await this.dial(missing, DIAL_PER_SECOND);
      missing = outcomes.filter(({ outcome }) => outcome === 'refused').length;
      if (missing === 0 || performance.now() > giveUpAtMs) break;
      await this.wait(REDIAL_PAUSE_MS);
    }
    if (calls - missing < least) {
      throw new Error(`The host refuses ${missing} of ${calls} calls (${await this.closedBy()}): it is too busy.`);
    }
    await this.wait(WARM_MS);
    return calls - missing;
  }

  wait(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#signal });
  }

  /** Ends all calls but so many. */
  hangUp(keep: number): Promise<void> {
    return this.#parts.phones.call('hangUp', keep);
  }

  /** Lets the calls talk, so often for so long, and reads what both sides saw. @param blocks parts of each, for the spread */
  async measure(times: number, seconds: number, blocks = 1): Promise<Measured[]> {
    const { hosts, phones } = this.#parts;
    const measured: Measured[] = [];
    while (measured.length < times) {
      await Promise.all(hosts.map(({ process }) => process.call('measure')));
      await phones.call('measure', (seconds * 1000) / blocks, blocks);
      await this.wait(seconds * 1000);
      // At once: each second of waiting would count in the other's figures.
      const reading = Promise.all(hosts.map(({ process }) => process.call('report')));
      measured.push({ phones: await phones.call('report'), host: together(await reading) });
    }
    return measured;
  }

  /** What the speech-to-speech service has done since it was asked last. */
  realtimeReport(): Promise<RealtimeRecord> {
    return this.#parts.providers.call('realtimeReport');
  }

  /** What `GET /healthz` of the hosts gives as the reason why nobody else is let in. */
  async closedBy(): Promise<string> {
    const answers = this.#parts.hosts.map(async ({ url }) => {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) });
      return ((await response.json()) as { admission?: { closedBy?: string } }).admission?.closedBy;
    });
    return (await Promise.all(answers)).find((reason) => reason !== undefined) ?? 'a moment’s load';
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
    ...{ cpuMs: sum('cpuMs'), mainThreadCpuMs: sum('mainThreadCpuMs'), rssMb: sum('rssMb') },
    ...{ elapsedMs: most('elapsedMs'), waitedForCpuMs: most('waitedForCpuMs'), loopDelayP99Ms: most('loopDelayP99Ms') },
  };
}

function hostSettings(options: LoadTestOptions, port: number, far: string, redis: string) {
  return {
    STREAM_HOST_BIND: '127.0.0.1',
    // Tells how it is to whoever asks.
    EMULATOR_URL: `http://${far}`,
    STREAM_HOST_PORT: String(port),
    FUNCTIONS_PUBLIC_URL: `http://${far}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${port}`,
    STREAM_HOST_URL: `http://127.0.0.1:${port}`,
    REDIS_URL: redis,
    ACS_CONNECTION_STRING: `endpoint=http://${far}/;accesskey=${Buffer.from('bench').toString('base64')}`,
    ACS_RESOURCE_ID: ACS.audience,
    ACS_TOKEN_ISSUER: ACS.issuer,
    ACS_JWKS_URL: `http://${far}/calling/keys`,
    SPEECH_HOST: `ws://${far}`,
    SPEECH_KEY: 'bench',
    AZURE_OPENAI_BASE_URL: `http://${far}/openai/v1`,
    AZURE_OPENAI_API_KEY: 'bench',
    AZURE_OPENAI_DEPLOYMENT: 'bench',
    ACS_STREAMING_MODE: options.mode.toUpperCase(),
    AZURE_VOICE_LIVE_ENDPOINT: `http://${far}`,
    AZURE_VOICE_LIVE_MODEL: 'bench',
    AZURE_VOICE_LIVE_API_KEY: 'bench',
    MAX_SESSIONS: String(options.maxSessions),
  };
}
