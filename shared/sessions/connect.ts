import { Redis } from 'ioredis';
import type { TokenSource } from '../identity/token-source.ts';
import type { Logger } from '../log.ts';
import { type ClientOptions, IdentityRedis } from './identity-redis.ts';

export interface ConnectionOptions {
  /** A command that has no answer by then fails. */
  readonly commandTimeoutMs?: number;
  /** Who we are to a Redis that knows Entra; without it, what the URL says. */
  readonly tokens?: TokenSource | undefined;
}

const LONGEST_RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 1500;

/**
 * A connection to Redis that lives as long as the process. It reconnects for ever; a command that is given during an
 * outage waits for the connection a little and fails within `commandTimeoutMs` (2 s). The loss of the connection and its
 * return are a line each in the log, however long it takes.
 *
 * @param url `redis://` or `rediss://`. Its password never reaches the log.
 */
export function connectRedis(url: string, log: Logger, more: ConnectionOptions = {}): Redis {
  const { commandTimeoutMs = 2000, tokens } = more;
  const options: ClientOptions = {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A peer that takes commands and never answers: break off and connect anew.
    socketTimeout: 2 * commandTimeoutMs,
    retryStrategy: (attempt) =>
      Math.min(25 * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS) * (0.75 + Math.random() / 4),
    // Empties the queue of waiting commands at every fourth attempt, which is what bounds it.
    maxRetriesPerRequest: 3,
    // Sent but not answered is not the same as not carried out: sending it again could, say, append an event twice.
    autoResendUnfulfilledCommands: false,
    // After a failover the old primary answers that it is a replica now. The name leads to the new one. Redis 6.0 says so
    // of a script in the middle of a longer sentence ("ERR Error running script … -READONLY …").
    reconnectOnError: (error) => /\bREADONLY\b/.test(error.message),
  };
  const redis = tokens ? new IdentityRedis({ url, options, tokens, log }) : new Redis(url, options);
  logOutages(redis, log.child({ redis: addressOf(url) }));
  return redis;
}

/** Host, port and database of a Redis URL: what may be shown of it. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + (pathname === '/' ? '' : pathname);
}

function logOutages(redis: Redis, log: Logger): void {
  let lostAt: number | undefined;
  let reason = 'the connection was closed';
  redis.on('error', (error: Error) => {
    reason = error.message;
  });
  redis.on('reconnecting', () => {
    if (lostAt !== undefined) return;
    lostAt = performance.now();
    log.warn({ reason }, 'Redis is out of reach; trying again until it is back');
  });
  redis.on('ready', () => {
    if (lostAt === undefined) return;
    log.info({ outageMs: Math.round(performance.now() - lostAt) }, 'Redis is back');
    lostAt = undefined;
    reason = 'the connection was closed';
  });
}
