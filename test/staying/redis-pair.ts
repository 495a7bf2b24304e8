import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type PrivateRedis, startRedisServer } from '../../start/redis-server.ts';
import { FaultyLine } from '../testing/faulty-line.ts';

/** A Redis with a replica of its own behind one address, as Azure Managed Redis has it. */
export class RedisPair implements PrivateRedis {
  readonly url: string;
  /** The one that is the primary at first, and the other one, wherever the address leads. */
  readonly #primary: Redis;
  readonly replica: Redis;
  readonly #address: FaultyLine;
  /** By which the replica learns what the primary was told. */
  readonly #link: FaultyLine;
  readonly #servers: readonly PrivateRedis[];

  private constructor(address: FaultyLine, link: FaultyLine, servers: readonly [PrivateRedis, PrivateRedis]) {
    this.url = `redis://127.0.0.1:${address.port}`;
    this.#address = address;
    this.#link = link;
    this.#servers = servers;
    // Of a primary that is gone nothing more is asked.
    this.#primary = new Redis(servers[0].url, { retryStrategy: () => null });
    this.replica = new Redis(servers[1].url);
    for (const redis of [this.#primary, this.replica]) redis.on('error', () => {});
  }

  /** Undefined where there is no `redis-server`. */
  static async start(): Promise<RedisPair | undefined> {
    const [primary, replica] = [await startRedisServer(), await startRedisServer()];
    if (primary === undefined || replica === undefined) return undefined;
    const address = await FaultyLine.to(portOf(primary));
    const pair = new RedisPair(address, await FaultyLine.to(portOf(primary)), [primary, replica]);
    await pair.#primary.config('SET', 'repl-diskless-sync-delay', '0');
    await pair.replica.replicaof('127.0.0.1', pair.#link.port);
    while (!(await pair.replica.info('replication')).includes('master_link_status:up')) await sleep(50);
    return pair;
  }

  /** From now on nothing that is written reaches the replica. */
  stopReplicating(): void {
    this.#link.become('stalled');
  }

  async killPrimary(): Promise<void> {
    const pid = /process_id:(\d+)/.exec(await this.#primary.info('server'))?.[1];
    const gone = once(this.#primary, 'end');
    process.kill(Number(pid), 'SIGKILL');
    await gone;
  }

  /** The replica is the primary, and the address leads there. */
  async promote(): Promise<void> {
    await this.replica.replicaof('NO', 'ONE');
    this.#address.sendNewTo(Number(this.replica.options.port));
  }

  async close(): Promise<void> {
    this.#primary.disconnect();
    this.replica.disconnect();
    await this.#address.close();
    await this.#link.close();
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

const portOf = ({ url }: PrivateRedis): number => Number(new URL(url).port);
