import { once } from 'node:events';
import { Cluster, type Redis } from 'ioredis';

/** How a test is told of a cluster that is there: `host:port,host:port`. `node test/scale/cluster.ts` starts one. */
export const CLUSTER_VARIABLE = 'REDIS_TEST_CLUSTER';

const TIMEOUT_MS = 60_000;

/**
 * A connection to every node of a cluster, which sends each command where its key lives; a script or command with keys of two
 * slots fails. What has no key is asked of all nodes, as the one address does that a managed cluster has.
 */
export function connectCluster(nodes: string): Redis {
  const seeds = nodes.split(',').map((node) => {
    const { hostname: host, port } = new URL(`redis://${node}`);
    return { host, port: Number(port) };
  });
  const cluster = new Cluster(seeds, { redisOptions: { commandTimeout: TIMEOUT_MS }, slotsRefreshTimeout: TIMEOUT_MS });
  cluster.on('error', () => {});
  const disconnect = cluster.disconnect.bind(cluster);
  let isClosed = false;
  const everywhere = async <Answer>(ask: (node: Redis) => Promise<Answer>): Promise<Answer[]> => {
    if (isClosed) throw new Error('Connection is closed.');
    if (cluster.status !== 'ready') await once(cluster, 'ready');
    return Promise.all(cluster.nodes('master').map(ask));
  };
  /** A cursor names the node that it is of, the last one first. */
  const scan = async (cursor: string, ...how: ['MATCH', string, 'COUNT', number]) => {
    const all = await everywhere(async (node) => node);
    const [at = '', own = '0'] = cursor === '0' ? [String(all.length - 1), '0'] : cursor.split(':');
    const [next = '0', keys = []] = (await all[Number(at)]?.scan(own, ...how)) ?? [];
    if (next !== '0') return [`${at}:${next}`, keys];
    return [at === '0' ? '0' : `${Number(at) - 1}:0`, keys];
  };
  const ofAll = {
    scan,
    disconnect: () => {
      isClosed = true;
      disconnect();
    },
    ping: async () => (await everywhere((node) => node.ping()))[0],
    keys: async (pattern: string) => (await everywhere((node) => node.keys(pattern))).flat(),
    flushdb: () => everywhere((node) => node.flushdb()),
    flushall: () => everywhere((node) => node.flushall()),
    pubsub: async (_: 'NUMSUB', channel: string) => {
      const counts = await everywhere((node) => node.pubsub('NUMSUB', channel));
      return [channel, counts.reduce<number>((sum, [, count]) => sum + Number(count), 0)];
    },
  };
  // What of a connection the product uses, a cluster's has as well.
  return Object.assign(cluster, ofAll) as unknown as Redis;
}
