import { Redis } from 'ioredis';

/** One command that Redis has carried out. */
export interface SeenCommand {
  /** When, in seconds, by the clock of Redis. */
  readonly at: number;
  /** The address of the client; for what a script does, that of the client which runs it. */
  readonly client: string;
  readonly fromScript: boolean;
  readonly command: readonly string[];
}

const WRITES =
  /^(?:set|del|unlink|expire|pexpire|hset|hsetnx|hdel|hincrby|rpush|lpush|ltrim|lset|xadd|xtrim|zadd|zrem|zremrangebylex|incr|publish)$/i;

/** Everything that a Redis does from now on, seen by `MONITOR`. */
export class RedisWatch {
  readonly seen: SeenCommand[] = [];
  readonly #redis: Redis;
  #monitor: Redis | undefined;
  #lastClient = '';

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async start(url: string): Promise<RedisWatch> {
    const watch = new RedisWatch(new Redis(url));
    watch.#monitor = await watch.#redis.monitor();
    watch.#monitor.on('monitor', (time: string, command: string[], source: string) => {
      // What a script does follows on the command that runs it: nothing comes in between.
      const fromScript = source === 'lua';
      if (!fromScript) watch.#lastClient = source;
      watch.seen.push({ at: Number(time), client: watch.#lastClient, fromScript, command });
    });
    return watch;
  }

  /** Writes of some clients to keys that have a text in them. */
  writes(clients: ReadonlySet<string>, keyPart: string): SeenCommand[] {
    return this.seen.filter(
      ({ client, command: [name = '', key = ''] }) => clients.has(client) && WRITES.test(name) && key.includes(keyPart),
    );
  }

  close(): void {
    this.#monitor?.disconnect();
    this.#redis.disconnect();
  }
}
