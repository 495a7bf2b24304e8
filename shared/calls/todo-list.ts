import type { Redis } from 'ioredis';
import { DueList } from '../sessions/due-list.ts';
import { sessionKeys, WORK_KEY } from '../sessions/keys.ts';
import { askRedis } from '../sessions/session-errors.ts';

const SCRIPTS = {
  /** KEYS todo. ARGV ttl, name, in how many ms, JSON. */
  parleyTodoEnter: `
    local time = redis.call('TIME')
    local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
    redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f 0 %s', due, ARGV[4]))
    redis.call('PEXPIRE', KEYS[1], ARGV[1])`,
} as const;

interface TodoRedis extends Redis {
  parleyTodoEnter(todo: string, ttlMs: number, name: string, inMs: number, data: string): Promise<null>;
}

/**
 * What is to be done at a call, by whichever process finds it due (`CallWork`), where no event of the carrier makes it so.
 * May fail with `redis.unavailable` or `redis.refused`.
 */
export class TodoList {
  readonly #redis: TodoRedis;
  readonly #work: DueList;
  readonly #ttlMs: number;

  /** @param ttlMs longer than the longest call */
  constructor(redis: Redis, ttlMs: number) {
    for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: 1, lua });
    this.#redis = redis as TodoRedis;
    this.#work = new DueList(redis, { key: WORK_KEY, ttlMs });
    this.#ttlMs = ttlMs;
  }

  /** In place of what is there by this name, also where somebody is at that just now. */
  async enter(sessionId: string, name: string, inMs: number, data: Readonly<Record<string, unknown>>): Promise<void> {
    const { todo } = sessionKeys(sessionId);
    await Promise.all([
      askRedis(() => this.#redis.parleyTodoEnter(todo, this.#ttlMs, name, Math.round(inMs), JSON.stringify(data))),
      this.#work.byThen(sessionId, inMs),
    ]);
  }
}
