import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { makeClips } from '../../bench/acs/clips.ts';
import type { PhonesApi } from '../../bench/acs/phones.ts';
import type { ProvidersApi } from '../../bench/acs/providers.ts';
import { Child } from '../../bench/child.ts';
import { CALLBACK_TOKEN_SECONDS, MEDIA_TOKEN_SECONDS } from '../../emulator/acs/token-issuer.ts';
import { AcsDouble } from '../../functions/testing/acs-double.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomSecrets } from '../../shared/ids.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { Tickets } from '../../shared/tickets/tickets.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import type { HeapProbeApi } from './heap-probe.ts';
import type { SocketTarget } from './sockets.ts';
import type { WebhookTarget } from './webhooks.ts';

/** As short as a session may be kept, so that one can wait until it is forgotten. */
export const SESSION_TTL_SECONDS = 60;
const PROVIDERS = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 100, pieceMs: 25 },
  chat: { firstTokenMs: 150, tokenMs: 20 },
  realtime: { lateMs: 600, silenceMs: 500, answerMs: 300, pieceMs: 50 },
};
const AGENT = `description: Answers at length.
greeting: Hello, this is the order desk. How can I help you today?
voice: en-US-AvaMultilingualNeural
prompt: Answer.
tools: []
`;
/** What no log line may say. */
const FAULT = /"code":"internal"|listener failed|uncaught|unhandled|"level":60/i;

type Half = 'host' | 'functions';

/** Both halves as processes, as they are deployed, between providers that are scripted; and a few calls that do no wrong. */
export class FuzzStack {
  readonly redis: Redis;
  readonly #folder: string;
  readonly #opened: AsyncDisposableStack;
  readonly #processes: Readonly<Record<Half, Child<HeapProbeApi>>>;
  readonly #phones: Child<PhonesApi>;
  readonly #store: SessionStore;
  readonly sockets: SocketTarget;
  readonly webhooks: WebhookTarget;

  private constructor(parts: {
    readonly folder: string;
    readonly opened: AsyncDisposableStack;
    readonly processes: Readonly<Record<Half, Child<HeapProbeApi>>>;
    readonly phones: Child<PhonesApi>;
    readonly redis: Redis;
    readonly store: SessionStore;
    readonly sockets: SocketTarget;
    readonly webhooks: WebhookTarget;
  }) {
    this.#folder = parts.folder;
    this.#opened = parts.opened;
    this.#processes = parts.processes;
    this.#phones = parts.phones;
    this.redis = parts.redis;
    this.#store = parts.store;
    this.sockets = parts.sockets;
    this.webhooks = parts.webhooks;
  }

  static async start(folder: string): Promise<FuzzStack> {
    await using opened = new AsyncDisposableStack();
    await mkdir(join(folder, 'agents'), { recursive: true });
    for (const name of ['orders', 'bench'])
      await writeFile(join(folder, 'agents', `${name}.yaml`), `name: ${name}\n${AGENT}`);
    const child = <Served extends Record<string, (...args: never[]) => unknown>>(
      script: string,
      name: string,
      more: { readonly execArgv?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
    ) => {
      const { execArgv = [], env = {} } = more;
      const started = new Child<Served>({
        name,
        args: [...execArgv, script],
        env,
        logFile: join(folder, `${name}.log`),
      });
      opened.defer(() => started.close());
      return started;
    };
    const server = (await startRedisServer()) ?? (await startEmbeddedRedis());
    opened.defer(() => server.close());
    const redis = connectRedis(server.url, pino({ level: 'silent' }));
    opened.defer(() => redis.disconnect());
    const acs = await AcsDouble.start();
    opened.defer(() => acs.close());
    const forgetting = setInterval(() => acs.requests.splice(0), 1000);
    opened.defer(() => clearInterval(forgetting));

    const clips = await makeClips();
    const providers = child<ProvidersApi>('bench/acs/providers.ts', 'providers');
    const providersPort = await providers.call('start', clips, '{"keys":[]}', PROVIDERS);
    const [hostPort = 0, functionsPort = 0] = await freePorts(2);
    const hostUrl = `http://127.0.0.1:${hostPort}`;
    const functionsUrl = `http://127.0.0.1:${functionsPort}`;
    const env = settingsOf({ folder, providersPort, hostPort, functionsPort, redisUrl: server.url, acs });
    const probe = ['--import', new URL('./heap-probe.ts', import.meta.url).href];
    const processes = {
      host: child<HeapProbeApi>('stream-host/main.ts', 'host', { execArgv: [...STREAM_HOST_FLAGS, ...probe], env }),
      functions: child<HeapProbeApi>('emulator/functions-host/main.ts', 'functions', { execArgv: probe, env }),
    };
    await processes.host.answersAt(`${hostUrl}/readyz`);
    await processes.functions.answersAt(`${functionsUrl}/api/v1/health`);

    const store = new SessionStore(redis, { ttlSeconds: SESSION_TTL_SECONDS });
    const tickets = new Tickets({
      redis,
      clock: systemClock,
      newSecret: randomSecrets,
      sessionTtlSeconds: SESSION_TTL_SECONDS,
    });
    const token = await acs.tokens.sign(MEDIA_TOKEN_SECONDS);
    const urls = [`${hostUrl.replace('http', 'ws')}/api/v1/media/stream`];
    const phones = child<PhonesApi>('bench/acs/phones.ts', 'phones');
    await phones.call('start', { clips: clips.callers, seed: 1, urls, token, habits: 'ordinary' });
    const sessionId = randomUUID();
    await store.create({ id: sessionId, ...CALL });
    return new FuzzStack({
      ...{ folder, processes, phones, redis, store },
      sockets: {
        hostUrl,
        mediaToken: async () => token,
        ticket: async (grant) => (await tickets.issue(grant)).ticket,
        newCall: async () => (await store.create({ id: randomUUID(), ...CALL })).id,
      },
      webhooks: {
        functionsUrl: `${functionsUrl}/api/v1`,
        hostUrl,
        callbackToken: () => acs.tokens.sign(CALLBACK_TOKEN_SECONDS),
        sessionId,
      },
      opened: opened.move(),
    });
  }

  /** Calls that talk, answer and cut in. @returns how many were let in */
  async dial(calls: number): Promise<number> {
    const ids = Array.from({ length: calls }, () => randomUUID());
    await Promise.all(ids.map((id) => this.#store.create({ id, ...CALL, agent: 'bench' })));
    const refusals = await this.#phones.call('dial', ids, 2);
    return refusals.filter((refusal) => refusal === undefined).length;
  }

  /** What the good calls have heard while something else went on. */
  async listen(work: () => Promise<void>) {
    await this.#phones.call('measure', 1e9, 1);
    const beganMs = performance.now();
    await work();
    const { blocks, ownLatenessMs } = await this.#phones.call('report');
    const counts = blocks[0]?.counts;
    if (counts === undefined) throw new Error('The phones have measured nothing.');
    const ownLateMs = ownLatenessMs.sort((a, b) => a - b)[Math.floor(ownLatenessMs.length * 0.999)] ?? 0;
    return { counts, seconds: (performance.now() - beganMs) / 1000, ownLateMs };
  }

  /** What each half holds, in MB, once its garbage is collected. Stalls them: not while something is measured. */
  async heldMb(): Promise<Readonly<Record<Half, number>>> {
    const [host, functions] = await Promise.all([
      this.#processes.host.call('collect'),
      this.#processes.functions.call('collect'),
    ]);
    return { host, functions };
  }

  /** Open sockets of the stream host. */
  async openSockets(): Promise<number> {
    const response = await fetch(`${this.sockets.hostUrl}/api/v1/realtime/status`);
    const status = (await response.json()) as { readonly active_connections: { readonly total_connections: number } };
    return status.active_connections.total_connections;
  }

  /** Keys of Redis by their kind, and those that would stay for ever. */
  async keys(): Promise<{
    readonly count: number;
    readonly kinds: Record<string, number>;
    readonly endless: readonly string[];
  }> {
    const kinds: Record<string, number> = {};
    const endless: string[] = [];
    let count = 0;
    for (let cursor = '0'; ; ) {
      const [next, names] = await this.redis.scan(cursor, 'COUNT', 1000);
      const lives = await Promise.all(names.map((name) => this.redis.pttl(name)));
      for (const [at, name] of names.entries()) {
        count += 1;
        const kind = name.replace(/\{[^}]*\}/, '{}').replace(/^(parley:(?:once|ticket|call)):.*/, '$1');
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        if (lives[at] === -1) endless.push(name);
      }
      cursor = next;
      if (cursor === '0') return { count, kinds, endless };
    }
  }

  /** Processes that have ended, and lines of their logs that tell of a fault. */
  async faults(): Promise<string[]> {
    const ended = (['host', 'functions'] as const).filter((half) => !this.#processes[half].running);
    const lines: string[] = [];
    for (const half of ['host', 'functions'] as const) {
      const text = await readFile(join(this.#folder, `${half}.log`), 'utf8');
      lines.push(
        ...text
          .split('\n')
          .filter((line) => FAULT.test(line))
          .map((line) => `${half}: ${line.slice(0, 1000)}`),
      );
    }
    return [...ended.map((half) => `${half} has ended`), ...lines];
  }

  async close(): Promise<void> {
    await this.#phones.call('hangUp', 0).catch(() => {});
    await this.#opened.disposeAsync();
  }
}

const LIMITS = ['MINUTE', 'DAY', 'NUMBER_PER_DAY', 'CLIENT_PER_MINUTE'].map((of) => `OUTBOUND_CALLS_PER_${of}`);

const CALL = { channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'ringing' } as const;

function settingsOf(of: {
  readonly folder: string;
  readonly providersPort: number;
  readonly hostPort: number;
  readonly functionsPort: number;
  readonly redisUrl: string;
  readonly acs: AcsDouble;
}): Record<string, string> {
  const providers = `127.0.0.1:${of.providersPort}`;
  const functionsUrl = `http://127.0.0.1:${of.functionsPort}`;
  return {
    LOG_LEVEL: 'info',
    STREAM_HOST_BIND: '127.0.0.1',
    STREAM_HOST_PORT: String(of.hostPort),
    FUNCTIONS_PORT: String(of.functionsPort),
    FUNCTIONS_PUBLIC_URL: functionsUrl,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${of.hostPort}`,
    STREAM_HOST_URL: `http://127.0.0.1:${of.hostPort}`,
    // As in Azure, so that every door is shut; and with an emulator, so that the stream host makes tickets.
    REQUIRE_TICKETS: 'true',
    EMULATOR_URL: `http://${providers}`,
    REDIS_URL: of.redisUrl,
    SESSION_TTL_SECONDS: String(SESSION_TTL_SECONDS),
    ACS_CONNECTION_STRING: of.acs.connectionString,
    ACS_RESOURCE_ID: AcsDouble.resourceId,
    ACS_JWKS_URL: `${of.acs.url}/calling/keys`,
    ACS_SOURCE_NUMBER: '+15550100',
    SPEECH_HOST: `ws://${providers}`,
    SPEECH_KEY: 'fuzz',
    AZURE_OPENAI_BASE_URL: `http://${providers}/openai/v1`,
    AZURE_OPENAI_API_KEY: 'fuzz',
    AZURE_OPENAI_DEPLOYMENT: 'fuzz',
    AGENTS_FOLDER: join(of.folder, 'agents'),
    MAX_SESSIONS: '200',
    // Each attempt is a client of its own, by its forwarded address.
    TRUSTED_PROXY_HOPS: '1',
    MAX_CLIENT_OPENS_PER_MINUTE: '100000',
    MAX_CLIENT_SESSIONS: '10000',
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576',
    // What is tried here is what comes behind the limits.
    ...Object.fromEntries(LIMITS.map((name) => [name, '1000000'])),
  };
}
