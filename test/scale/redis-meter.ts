import type { Redis } from 'ioredis';

/** What a Redis has done since its start: commands by name, those of scripts too, and bytes both ways. */
export interface RedisReading {
  readonly atMs: number;
  readonly commands: ReadonlyMap<string, number>;
  readonly bytes: number;
}

/** What a Redis did between two readings. */
export interface RedisUse {
  readonly minutes: number;
  readonly commands: number;
  readonly bytes: number;
  /** The most frequent first. */
  readonly byName: readonly (readonly [name: string, count: number])[];
}

/** Reads it by `INFO`, which only a real redis-server answers. Its own cost is some 4 kB a reading. */
export async function readRedis(redis: Redis): Promise<RedisReading> {
  const [commandstats, stats] = await Promise.all([redis.info('commandstats'), redis.info('stats')]);
  const calls = commandstats.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  const commands = new Map<string, number>();
  for (const [, name = '', count] of calls) {
    if (!/^(info|client|hello|command|config)/.test(name)) commands.set(name, Number(count));
  }
  const bytes = ['input', 'output'].map((way) => new RegExp(`total_net_${way}_bytes:(\\d+)`).exec(stats)?.[1]);
  return { atMs: performance.now(), commands, bytes: bytes.reduce((sum, each) => sum + Number(each ?? 0), 0) };
}

export function useBetween(before: RedisReading, after: RedisReading): RedisUse {
  const byName = [...after.commands]
    .map(([name, count]) => [name, count - (before.commands.get(name) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  return {
    minutes: (after.atMs - before.atMs) / 60_000,
    commands: byName.reduce((sum, [, count]) => sum + count, 0),
    bytes: after.bytes - before.bytes,
    byName,
  };
}

/** What a Redis does while some work is done. */
export async function useDuring(redis: Redis, work: () => Promise<unknown>): Promise<RedisUse> {
  const before = await readRedis(redis);
  await work();
  return useBetween(before, await readRedis(redis));
}
