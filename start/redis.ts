import { Redis } from 'ioredis';
import { ConfigError, messageOf } from '../shared/errors.ts';
import type { Logger } from '../shared/log.ts';
import { addressOf } from '../shared/sessions/connect.ts';
import { startEmbeddedRedis } from './redis-embedded.ts';
import { type PrivateRedis, startRedisServer } from './redis-server.ts';

export interface FoundRedis {
  readonly url: string;
  readonly kind: 'given' | 'redis-server' | 'embedded';
  /** Ends a Redis that was started here; one that was given is left alone. */
  close(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 3000;

/** A Redis that dies so often cannot be helped by another start. */
const MOST_RESTARTS = 5;

/**
 * Finds a Redis to run with: the one that `REDIS_URL` names, else a private `redis-server` if one is on the path, else
 * the embedded one. Should a private one die later, what it held is gone, and another is started in its place, at the
 * same address.
 *
 * @param options.url the value of `REDIS_URL`
 * @param options.port where a private one listens; any free port by default
 * @param options.onHopeless a private one has died and could not be started again; the log has said so
 * @throws {ConfigError} when the Redis given cannot be used
 * @throws {DependencyError} `redis.start-failed`
 */
export async function findRedis(options: {
  readonly url?: string;
  readonly log: Logger;
  readonly port?: number;
  readonly onHopeless?: () => void;
}): Promise<FoundRedis> {
  const { url, log, port = 0, onHopeless = () => {} } = options;
  if (url) {
    await check(url);
    log.info({ redis: addressOf(url) }, 'using the Redis that REDIS_URL names');
    return { url, kind: 'given', close: async () => {} };
  }
  return KeptRedis.start({ log, port, onHopeless });
}

interface KeptRedisOptions {
  readonly log: Logger;
  readonly port: number;
  readonly onHopeless: () => void;
}

type Start = (options: { port: number; onLost: (reason: string) => void }) => Promise<PrivateRedis | undefined>;

/** A private Redis, started again when it dies. */
class KeptRedis implements FoundRedis {
  readonly url: string;
  readonly kind: 'redis-server' | 'embedded';
  readonly #options: KeptRedisOptions;
  readonly #start: Start;
  #running: Promise<PrivateRedis | undefined>;
  #restarts = 0;
  #closed = false;

  private constructor(kind: KeptRedis['kind'], start: Start, running: PrivateRedis, options: KeptRedisOptions) {
    this.kind = kind;
    this.url = running.url;
    this.#start = start;
    this.#running = Promise.resolve(running);
    this.#options = options;
  }

  static async start(options: KeptRedisOptions): Promise<KeptRedis> {
    let kept: KeptRedis | undefined;
    const onLost = (reason: string) => {
      if (kept) kept.#replace(reason);
    };
    const { port } = options;
    const server = await startRedisServer({ port, onLost });
    kept = server
      ? new KeptRedis('redis-server', startRedisServer, server, options)
      : new KeptRedis('embedded', startEmbeddedRedis, await startEmbeddedRedis({ port, onLost }), options);
    const what = server ? 'a private redis-server' : 'the embedded Redis, as no redis-server is on the path';
    options.log.info({ redis: addressOf(kept.url) }, `started ${what}; it keeps nothing on disk`);
    return kept;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#running)?.close();
  }

  #replace(reason: string): void {
    if (this.#closed) return;
    const { log } = this.#options;
    log.error({ reason }, 'the private Redis has ended, and every session with it; starting another in its place');
    this.#running = this.#startAgain().catch((error: unknown) => {
      log.fatal(`The private Redis cannot be started again (${messageOf(error)}). Set REDIS_URL, or start anew.`);
      this.#options.onHopeless();
      return undefined;
    });
  }

  async #startAgain(): Promise<PrivateRedis | undefined> {
    const port = Number(new URL(this.url).port);
    let reason = 'it ends again and again';
    while (this.#restarts < MOST_RESTARTS) {
      this.#restarts += 1;
      try {
        return await this.#start({ port, onLost: (why) => this.#replace(why) });
      } catch (error) {
        reason = messageOf(error);
      }
    }
    throw new Error(reason);
  }
}

async function check(url: string): Promise<void> {
  if (!/^rediss?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new ConfigError('REDIS_URL must look like redis://host:6379 or rediss://:password@host:6380');
  }
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CHECK_TIMEOUT_MS,
    commandTimeout: CHECK_TIMEOUT_MS,
    retryStrategy: null,
  });
  let reason: string | undefined;
  redis.on('error', (error: Error) => {
    reason = error.message;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw new ConfigError(
      `REDIS_URL names a Redis at ${addressOf(url)} that cannot be used (${reason ?? messageOf(error)}). ` +
        'Start it, correct REDIS_URL, or unset it to run with a private one',
    );
  } finally {
    redis.disconnect();
  }
}
