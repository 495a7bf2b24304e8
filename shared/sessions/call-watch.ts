import type { Redis } from 'ioredis';
import { WATCH_KEY } from './keys.ts';
import { askRedis } from './session-errors.ts';

/** KEYS watch. ARGV ttl, session id, in how many ms. */
const WATCH_LUA = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[2])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`;

/** KEYS watch. ARGV how many at most, in how many ms each comes again. -> session ids. */
const DUE_LUA = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
      for i = 1, #due do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), due[i]) end
      return due`;

interface WatchRedis extends Redis {
  parleyWatch(key: string, ttlMs: number, id: string, inMs: number): Promise<1>;
  parleyDue(key: string, count: number, againMs: number): Promise<string[]>;
}

/**
 * Sessions that must not stand without anybody to talk in them, by the time at which somebody should look after them. Whoever looks takes what
 * is due; should he die over it, another one finds it due again a little later. By the clock of Redis.
 */
export class CallWatch {
  readonly #redis: WatchRedis;
  readonly #ttlMs: number;

  constructor(redis: Redis, options: { readonly ttlMs: number }) {
    redis.defineCommand('parleyWatch', { numberOfKeys: 1, lua: WATCH_LUA });
    redis.defineCommand('parleyDue', { numberOfKeys: 1, lua: DUE_LUA });
    this.#redis = redis as WatchRedis;
    this.#ttlMs = options.ttlMs;
  }

  /** Has the call of this session looked after in `inMs`. */
  async add(sessionId: string, inMs: number): Promise<void> {
    await askRedis(() => this.#redis.parleyWatch(WATCH_KEY, this.#ttlMs, sessionId, inMs));
  }

  /** Takes up to `count` sessions that are due; each is due again in `againMs`, unless that is changed meanwhile. */
  due(count: number, againMs: number): Promise<string[]> {
    return askRedis(() => this.#redis.parleyDue(WATCH_KEY, count, againMs));
  }

  async remove(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.zrem(WATCH_KEY, sessionId));
  }
}
