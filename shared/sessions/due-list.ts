import type { Redis } from 'ioredis';
import { askRedis, readRedis } from './session-errors.ts';

const NOW = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local function put(at, id) redis.call('ZADD', KEYS[1], string.format('%.0f', at), id) end`;

/** KEYS list. */
const SCRIPTS = {
  /** ARGV ttl, id, in how many ms. */
  parleyDueSet: `${NOW}
      put(now + ARGV[3], ARGV[2])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`,
  /** ARGV ttl, id, in how many ms at the latest. The time always changes: whoever knew the old one knows it no more. */
  parleyDueByThen: `${NOW}
      local at = now + ARGV[3]
      local before = redis.call('ZSCORE', KEYS[1], ARGV[2])
      if before and at >= tonumber(before) then at = tonumber(before) - 1 end
      put(at, ARGV[2])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`,
  /** ARGV how many at most, in how many ms each comes again, how long overdue. -> { ms until the next one, id, … } */
  parleyDue: `${NOW}
      local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
      if not first[2] then return { '-1' } end
      if tonumber(first[2]) > now - ARGV[3] then
        return { string.format('%.0f', math.max(0, tonumber(first[2]) - now)) }
      end
      local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[3]), 'LIMIT', 0, ARGV[1])
      for i = 1, #due do put(now + ARGV[2], due[i]) end
      first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
      table.insert(due, 1, string.format('%.0f', math.max(0, tonumber(first[2]) - now)))
      return due`,
  /** ARGV id, the time that was known, in how many ms or empty: not any more. -> 1, or 0 where the time has changed. */
  parleyDueSettle: `${NOW}
      local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
      if not at or string.format('%.0f', tonumber(at)) ~= ARGV[2] then return 0 end
      if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else put(now + ARGV[3], ARGV[1]) end
      return 1`,
} as const;

interface DueRedis extends Redis {
  parleyDueSet(key: string, ttlMs: number, id: string, inMs: number): Promise<1>;
  parleyDueByThen(key: string, ttlMs: number, id: string, inMs: number): Promise<1>;
  parleyDue(key: string, count: number, againMs: number, lateMs: number): Promise<[waitMs: string, ...ids: string[]]>;
  parleyDueSettle(key: string, id: string, known: string, inMs: number | ''): Promise<0 | 1>;
}

const NOTHING = { ids: [], waitMs: undefined };

/**
 * Sessions by the time at which somebody should look after them, by the clock of Redis. Whoever looks takes what is due;
 * should he die over it, another one finds it due again a little later.
 */
export class DueList {
  readonly #redis: DueRedis;
  readonly #key: string;
  readonly #ttlMs: number;
  #wasEmpty = false;

  constructor(redis: Redis, options: { readonly key: string; readonly ttlMs: number }) {
    for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: 1, lua });
    this.#redis = redis as DueRedis;
    this.#key = options.key;
    this.#ttlMs = options.ttlMs;
  }

  /** Has this session looked after in `inMs`, whatever was meant before. */
  async add(sessionId: string, inMs: number): Promise<void> {
    await askRedis(() => this.#redis.parleyDueSet(this.#key, this.#ttlMs, sessionId, Math.round(inMs)));
  }

  /** Has this session looked after in `inMs`, or earlier where that was meant before. Undoes nobody's {@link settle}. */
  async byThen(sessionId: string, inMs: number): Promise<void> {
    await askRedis(() => this.#redis.parleyDueByThen(this.#key, this.#ttlMs, sessionId, Math.round(inMs)));
  }

  /**
   * Takes up to `count` sessions that are due; each is due again in `againMs`, unless that is changed meanwhile.
   * @param lateMs only those that have been due for so long
   * @returns `waitMs`: until the next one is due; undefined where there is none
   */
  async due(count: number, againMs: number, lateMs = 0): Promise<{ ids: string[]; waitMs: number | undefined }> {
    // An empty list is the rule, and is looked at five times a second.
    if (this.#wasEmpty && (await readRedis(() => this.#redis.zcard(this.#key))) === 0) return NOTHING;
    const [waits, ...ids] = await askRedis(() => this.#redis.parleyDue(this.#key, count, againMs, lateMs));
    const waitMs = Number(waits);
    this.#wasEmpty = waitMs < 0;
    return { ids, waitMs: waitMs < 0 ? undefined : waitMs };
  }

  /** When this session is due, for {@link settle}. */
  async known(sessionId: string): Promise<string | undefined> {
    return (await askRedis(() => this.#redis.zscore(this.#key, sessionId))) ?? undefined;
  }

  /**
   * Says that nothing is to be done for this session, or when there is, unless somebody has said that there is something
   * since `known` was asked.
   */
  async settle(sessionId: string, known: string, inMs?: number): Promise<void> {
    const later = inMs === undefined ? '' : Math.round(inMs);
    await askRedis(() => this.#redis.parleyDueSettle(this.#key, sessionId, known, later));
  }

  async remove(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.zrem(this.#key, sessionId));
  }
}
