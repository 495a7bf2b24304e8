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
import type { PhonesApi } from './phones.ts';
import type { ProbeApi } from './probe.ts';
import { startProviders } from './start-providers.ts';

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

const PROBE = new URL('./probe.ts', import.meta.url).href;
const HOST_ARGS = [...STREAM_HOST_FLAGS, '--import', PROBE, 'stream-host/main.ts'];

interface Host {
  readonly process: Child<ProbeApi>;
  readonly port: number;
}

/** Calls on the hosts, as a row makes them and measures them. */
export type LoadTest = Awaited<ReturnType<typeof openLoadTest>>;

/** Starts everything, and ends it when the work is done. */
export async function withLoadTest<Found>(
  options: LoadTestOptions,
  context: RowContext,
  work: (test: LoadTest) => Promise<Found>,
): Promise<Found> {
  await using opened = new AsyncDisposableStack();
  return await work(await openLoadTest(options, context, opened));
}

/**
 * The real stream host as a process of its own, or several replicas of it, with a real Redis, between two processes that
 * play the world: the phones (ACS's media sockets, with callers who talk and cut in) and the providers (Speech, chat
 * completions, Voice Live, ACS's keys). Everything but the far ends is the product as `main.ts` starts it.
 */
async function openLoadTest(options: LoadTestOptions, context: RowContext, opened: AsyncDisposableStack) {
  const { seed, signal, workFolder, progress } = context;
  progress('starts the stream host, callers and providers');
  const folder = join(workFolder, options.name);
  await mkdir(folder, { recursive: true });
  const agent = await writeBenchAgent(folder);
  const redis = opened.adopt((await startRedisServer()) ?? (await startEmbeddedRedis()), (server) => server.close());
  const connection = opened.adopt(connectRedis(redis.url, pino({ level: 'silent' })), (one) => one.disconnect());
  const store = new SessionStore(connection, { ttlSeconds: 3600 });
  const tokens = await TokenIssuer.create(ACS);
  const { clips, far, process: providers } = await startProviders(folder, { jwks: JSON.stringify(tokens.jwks) });
  opened.defer(() => providers.close());
  const hosts: Host[] = [];
  while (hosts.length < options.hosts) {
    const [port = 0] = await freePorts(1);
    const name = `host-${hosts.length + 1}`;
    const env = { ...hostSettings(options, port, far, redis.url), ...agent, ...options.settings };
    const process = new Child<ProbeApi>({ name, args: HOST_ARGS, env, logFile: join(folder, `${name}.log`) });
    opened.defer(() => process.close());
    await process.answersAt(`http://127.0.0.1:${port}/readyz`, signal);
    hosts.push({ process, port });
  }
  const logFile = join(folder, 'phones.log');
  const phones = new Child<PhonesApi>({ name: 'phones', args: ['bench/acs/phones.ts'], env: {}, logFile });
  opened.defer(() => phones.close());
  const urls = hosts.map(({ port }) => `ws://127.0.0.1:${port}/api/v1/media/stream`);
  const token = await tokens.sign(MEDIA_TOKEN_SECONDS);
  await phones.call('start', { clips: clips.callers, seed, urls, token, habits: options.habits });
  opened.defer(() => phones.call('hangUp', 0).catch(() => {}));

  const test = {
    redisUrl: redis.url,
    /** The ports that the hosts are clients of, and their own. */
    ports: {
      redis: Number(new URL(redis.url).port),
      providers: Number(new URL(`http://${far}`).port),
      hosts: hosts.map(({ port }) => port),
    },

    /** Puts so many sessions into Redis, as the functions do, and connects their media sockets. */
    async dial(calls: number, perSecond: number) {
      const ids = Array.from({ length: calls }, () => randomUUID());
      const { mode } = options;
      const call = { channel: 'phone', direction: 'inbound', mode, agent: 'bench', status: 'ringing' } as const;
      await Promise.all(ids.map((id) => store.create({ id, ...call })));
      return phones.call('dial', ids, perSecond);
    },

    /**
     * Connects calls and lets them warm up. Those that the host is too busy for at the moment dial again, for a minute.
     * @returns how many were let in
     * @throws where they are fewer than `least`: the figures would be of fewer calls than they say
     */
    async connect(calls: number, least = calls): Promise<number> {
      let missing = calls;
      for (const giveUpAtMs = performance.now() + REDIAL_MS; ; ) {
        const refusals = await test.dial(missing, DIAL_PER_SECOND);
        missing = refusals.filter((refusal) => refusal !== undefined).length;
        if (missing === 0 || performance.now() > giveUpAtMs) break;
        await test.wait(REDIAL_PAUSE_MS);
      }
      if (calls - missing < least) throw new Error(`The host refuses ${missing} of ${calls} calls: it is too busy.`);
      await test.wait(WARM_MS);
      return calls - missing;
    },

    wait: (ms: number): Promise<void> => sleep(ms, undefined, { signal }),

    /** Ends all calls but so many. */
    hangUp: (keep: number): Promise<void> => phones.call('hangUp', keep),

    /** Lets the calls talk, so often for so long, and reads what both sides saw. @param blocks parts of each, for the spread */
    async measure(times: number, seconds: number, blocks = 1): Promise<Measured[]> {
      const measured: Measured[] = [];
      while (measured.length < times) {
        await Promise.all(hosts.map(({ process }) => process.call('measure')));
        await phones.call('measure', (seconds * 1000) / blocks, blocks);
        await test.wait(seconds * 1000);
        // At once: each second of waiting would count in the other's figures.
        const reading = Promise.all(hosts.map(({ process }) => process.call('report')));
        measured.push({ phones: await phones.call('report'), host: together(await reading) });
      }
      return measured;
    },

    /** What the speech-to-speech service has done since it was asked last. */
    realtimeReport: () => providers.call('realtimeReport'),
  };
  return test;
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
    ...{ elapsedMs: most('elapsedMs'), loopDelayP99Ms: most('loopDelayP99Ms') },
  };
}

function hostSettings(options: LoadTestOptions, port: number, far: string, redis: string) {
  return {
    STREAM_HOST_BIND: '127.0.0.1',
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
