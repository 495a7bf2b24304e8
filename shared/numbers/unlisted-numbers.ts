import type { Redis } from 'ioredis';
import { redisFailure } from '../sessions/session-errors.ts';

const KEY = 'parley:unlisted-numbers';

/** How many calls were to numbers that the table of numbers does not list, by all functions together. */
export class UnlistedNumbers {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** One more. @returns how many there have been @throws {DependencyError} */
  async count(): Promise<number> {
    try {
      return await this.#redis.incr(KEY);
    } catch (error) {
      throw redisFailure(error);
    }
  }
}
