import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const READY_MS = 20_000;

/** A cluster of real redis-servers on this machine, without replicas and with nothing kept on disk. */
export class RedisCluster {
  /** `host:port` of each node. */
  readonly nodes: readonly string[];
  readonly #servers: readonly ChildProcess[];
  readonly #folder: string;

  private constructor(ports: readonly number[], servers: readonly ChildProcess[], folder: string) {
    this.nodes = ports.map((port) => `${HOST}:${port}`);
    this.#servers = servers;
    this.#folder = folder;
  }

  /** @param ports of the nodes; each uses the port 10,000 above, too */
  static async start(ports: readonly number[]): Promise<RedisCluster> {
    const folder = await mkdtemp(path.join(tmpdir(), 'parley-cluster-'));
    const servers = ports.map((port) =>
      spawn(
        'redis-server',
        [
          ...['--port', String(port), '--bind', HOST, '--dir', folder, '--save', '', '--appendonly', 'no'],
          ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`],
        ],
        { stdio: 'ignore' },
      ),
    );
    const cluster = new RedisCluster(ports, servers, folder);
    const clients = ports.map((port) => new Redis(port, HOST, { maxRetriesPerRequest: null }));
    try {
      await join(clients, ports);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    } finally {
      for (const client of clients) client.disconnect();
    }
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Gives each node its share of the slots, and makes them known to each other. */
async function join(clients: readonly Redis[], ports: readonly number[]): Promise<void> {
  for (const client of clients) client.on('error', () => {});
  const share = Math.ceil(SLOTS / clients.length);
  for (const [index, client] of clients.entries()) {
    const slots = Array.from({ length: Math.min(share, SLOTS - index * share) }, (_, slot) => index * share + slot);
    await client.call('CLUSTER', 'ADDSLOTS', ...slots);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const port of ports.slice(1)) await clients[0]?.call('CLUSTER', 'MEET', HOST, String(port));
  for (const giveUpAtMs = performance.now() + READY_MS; performance.now() < giveUpAtMs; await sleep(100)) {
    const states = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))));
    const isWhole = (state: string) =>
      state.includes('cluster_state:ok') && state.includes(`cluster_known_nodes:${clients.length}`);
    if (states.every(isWhole)) return;
  }
  throw new Error('The nodes did not become a cluster in time.');
}
