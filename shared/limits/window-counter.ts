import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../clock.ts';
import { redisFailure } from '../sessions/session-errors.ts';

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

/**
 * Counts something in windows of the calendar, for all hosts together. At the edge of two windows twice the limit can
 * pass within a moment.
 *
 * The window is part of the key, so that what is taken back later is taken from the window in which it was counted:
 * else it would make room in the next one.
 */
export class WindowCounter {
  readonly #limiter: RateLimiterRedis;
  readonly #clock: Clock;
  readonly #windowMs: number;

  constructor({ redis, clock, name, limit, windowMs }: WindowCounterOptions) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `parley:${name}`,
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

  #keyAt(key: string, atMs: number): string {
    return `${Math.floor(atMs / this.#windowMs)}:${key}`;
  }
}
