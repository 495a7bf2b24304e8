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

/**
 * Finds a Redis to run with: the one that `REDIS_URL` names, else a private `redis-server` if one is on the path, else
 * the embedded one. Should a private one die later, that is an error in the log: what it held is gone.
 *
 * @param options.url the value of `REDIS_URL`
 * @param options.port where a private one listens; any free port by default
 * @throws {ConfigError} when the Redis given cannot be used
 * @throws {DependencyError} `redis.start-failed`
 */
export async function findRedis(options: {
  readonly url?: string;
  readonly log: Logger;
  readonly port?: number;
}): Promise<FoundRedis> {
  const { url, log, port = 0 } = options;
  if (url) {
    await check(url);
    log.info({ redis: addressOf(url) }, 'using the Redis that REDIS_URL names');
    return { url, kind: 'given', close: async () => {} };
  }
  const onLost = (reason: string) => {
    log.error({ reason }, 'the private Redis has ended, and every session with it; start again');
  };
  const server = await startRedisServer({ port, onLost });
  if (server) return announced(log, 'redis-server', server);
  return announced(log, 'embedded', await startEmbeddedRedis({ port, onLost }));
}

function announced(log: Logger, kind: 'redis-server' | 'embedded', redis: PrivateRedis): FoundRedis {
  const what = kind === 'embedded' ? 'the embedded Redis, as no redis-server is on the path' : 'a private redis-server';
  log.info({ redis: addressOf(redis.url) }, `started ${what}; it keeps nothing on disk`);
  return { url: redis.url, kind, close: () => redis.close() };
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
