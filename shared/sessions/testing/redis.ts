import { after, test } from 'node:test';
import type { Redis } from 'ioredis';
import { startEmbeddedRedis } from '../../../start/redis-embedded.ts';
import { type PrivateRedis, startRedisServer } from '../../../start/redis-server.ts';
import { SessionStore } from '../session-store.ts';
import { CLUSTER_VARIABLE, connectCluster } from './cluster.ts';
import { patientRedis } from './patient-redis.ts';

/** One kind of Redis, started for one test file. */
export interface RedisUnderTest {
  readonly kind: 'redis-server' | 'embedded' | 'cluster';
  readonly url: string;
  /** A connection of its own. All are closed when the file is done. */
  connect(): Redis;
  /** A store on a connection of its own. Sessions live for `TTL_SECONDS`. */
  store(now?: () => number): SessionStore;
}

export const TTL_SECONDS = 600;

/**
 * Starts every kind of Redis that this machine has, so that the same suite runs on each. The embedded one is always
 * there; where there is no `redis-server`, the report says so. Where the environment names a cluster, the suite runs on that
 * alone, which it has to itself.
 */
export async function redisesUnderTest(): Promise<RedisUnderTest[]> {
  const nodes = process.env[CLUSTER_VARIABLE];
  if (nodes !== undefined) {
    const cluster = underTest('cluster', { url: `redis://${nodes}`, close: async () => {} }, () =>
      connectCluster(nodes),
    );
    await cluster.connect().flushall();
    return [cluster];
  }
  // Both before the first test: what a file registers behind a wait that follows a test may come when the file is over.
  const [server, embedded] = [await startRedisServer(), await startEmbeddedRedis()];
  if (!server) {
    test('no redis-server is on the path', (t) => t.diagnostic('the suite ran on the embedded Redis only'));
  }
  return [...(server ? [underTest('redis-server', server)] : []), underTest('embedded', embedded)];
}

function underTest(
  kind: RedisUnderTest['kind'],
  server: PrivateRedis,
  open = () => patientRedis(server.url),
): RedisUnderTest {
  const clients: Redis[] = [];
  const connect = () => {
    const client = open();
    clients.push(client);
    return client;
  };
  after(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });
  return {
    kind,
    url: server.url,
    connect,
    store: (now) => new SessionStore(connect(), { ttlSeconds: TTL_SECONDS, ...(now && { now }) }),
  };
}

let made = 0;

/** Fields of a session with an id that no other test has. */
export function newSession(id = `session-${++made}`) {
  return { id, channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'initiating' } as const;
}
