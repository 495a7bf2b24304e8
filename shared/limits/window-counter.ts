import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../clock.ts';
import { askRedis, redisFailure } from '../sessions/session-errors.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export interface WindowCounterOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  /** Begins its keys, after `parley:`. */
  readonly name: string;
  readonly limit: number;
  /** Windows of the calendar (UTC): {@link MINUTE_MS} or {@link DAY_MS}. */
  readonly windowMs: number;
}

/** KEYS counter, those whose points were taken back. ARGV who, points, ttl. */
const TAKE_BACK_ONCE_LUA = `
      if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then return 0 end
      redis.call('PEXPIRE', KEYS[2], ARGV[3])
      if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECRBY', KEYS[1], ARGV[2]) end
      return 1`;

interface CounterRedis extends Redis {
  parleyTakeBackOnce(counter: string, done: string, who: string, points: number, ttlMs: number): Promise<0 | 1>;
}

/**
 * Counts something in windows of the calendar, for all hosts together. At the edge of two windows twice the limit can
 * pass within a moment.
 *
 * The window is part of the key, so that what is taken back later is taken from the window in which it was counted:
 * else it would make room in the next one.
 */
export class WindowCounter {
  readonly #redis: CounterRedis;
  readonly #prefix: string;
  readonly #limiter: RateLimiterRedis;
  readonly #clock: Clock;
  readonly #windowMs: number;

  constructor({ redis, clock, name, limit, windowMs }: WindowCounterOptions) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    redis.defineCommand('parleyTakeBackOnce', { numberOfKeys: 2, lua: TAKE_BACK_ONCE_LUA });
    this.#redis = redis as CounterRedis;
    this.#prefix = `parley:${name}`;
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: this.#prefix,
      points: limit,
      duration: (2 * windowMs) / 1000,
    });
  }

  /**
   * Counts, and says whether that was too much. What was too much is counted all the same: take it back.
   * @param key no secret; a number is hashed before
   * @returns milliseconds until the next window, where it was too much
   * @throws {DependencyError} `redis.unavailable`, within the time that the connection gives a command; `redis.refused`
   */
  async add(key: string, points = 1, atMs = this.#clock.wallMs()): Promise<number | undefined> {
    if (points === 0) return undefined;
    try {
      await this.#limiter.consume(this.#keyAt(key, atMs), points);
      return undefined;
    } catch (refusal) {
      // It rejects with this, which is no error, where the limit is reached.
      if (refusal instanceof RateLimiterRes) return this.#windowMs - (atMs % this.#windowMs);
      throw redisFailure(refusal);
    }
  }

  /**
   * Takes back what was counted.
   * @param atMs when it was counted
   * @throws {DependencyError} `redis.unavailable`, `redis.refused`
   */
  async takeBack(key: string, points: number, atMs: number): Promise<void> {
    if (points === 0) return;
    try {
      await this.#limiter.reward(this.#keyAt(key, atMs), points);
    } catch (error) {
      throw redisFailure(error);
    }
  }

  /**
   * The same, once for each `who`, however often it is asked for: both are one step, in the slot of the counter.
   * @throws {DependencyError} `redis.unavailable`, `redis.refused`
   */
  async takeBackOnce(key: string, points: number, atMs: number, who: string): Promise<void> {
    const counter = `${this.#prefix}:${this.#keyAt(key, atMs)}`;
    const done = `parley:taken-back:{${counter}}`;
    await askRedis(() => this.#redis.parleyTakeBackOnce(counter, done, who, points, 2 * this.#windowMs));
  }

  #keyAt(key: string, atMs: number): string {
    return `${Math.floor(atMs / this.#windowMs)}:${key}`;
  }
}
