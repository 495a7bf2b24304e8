import type { Redis } from 'ioredis';
import type { Clock } from '../../../shared/clock.ts';
import { DEAD_LETTERS_KEY, DELIVERIES_KEY, sessionKeys } from '../../../shared/sessions/keys.ts';
import { askRedis, readRedis } from '../../../shared/sessions/session-errors.ts';

/** How far a session's words have been delivered. */
export interface DeliveryProgress {
  /** The last entry of the session's record that was dealt with. */
  readonly position: string;
  /** The number of the last words that were delivered or given up. */
  readonly turn: number;
  /** Attempts with the words that come next, so far. */
  readonly attempts: number;
  /** No attempt before this, in milliseconds since 1970. */
  readonly retryAtMs: number;
}

/** Words that were given up, and why. */
export interface DeadLetter {
  readonly id: string;
  readonly reason: string;
  /** When they were given up, in milliseconds since 1970. */
  readonly at: number;
  /** The CloudEvent. */
  readonly body: string;
}

/** Kept in all; beyond, the oldest goes. */
const MOST_DEAD_LETTERS = 1_000;

/** KEYS outbox. ARGV now, holder, lease, ttl -> { position, turn, attempts, retry at }, or nil: another holds it. */
const TAKE_LUA = `
  local holder = redis.call('HGET', KEYS[1], 'holder')
  local heldUntil = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
  if holder and holder ~= ARGV[2] and heldUntil > tonumber(ARGV[1]) then return false end
  redis.call('HSET', KEYS[1], 'holder', ARGV[2], 'until', string.format('%.0f', ARGV[1] + ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return redis.call('HMGET', KEYS[1], 'position', 'turn', 'attempts', 'retryAt')`;

/** KEYS outbox. ARGV holder, until, ttl, field, value, … -> 1, or 0: another holds it by now. */
const NOTE_LUA = `
  if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'until', ARGV[2], unpack(ARGV, 4))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 1`;

/** KEYS deliveries. ARGV now, how many, again at -> session ids. */
const DUE_LUA = `
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
  for i = 1, #due do redis.call('ZADD', KEYS[1], ARGV[3], due[i]) end
  return due`;

interface OutboxRedis extends Redis {
  parleyTakeOutbox(key: string, now: number, holder: string, leaseMs: number, ttlMs: number): Promise<unknown[] | null>;
  parleyNoteOutbox(key: string, holder: string, until: number, ttlMs: number, ...fields: string[]): Promise<number>;
  parleyDueOutboxes(key: string, now: number, count: number, againAt: number): Promise<string[]>;
}

/**
 * What waits to be delivered, in Redis: the sessions that have, or may have, finished words, and how far each has been
 * delivered. The words themselves are those of the session's record, which only the holder of its lease writes. One host at a
 * time delivers a session's words: what another one notes after it has lost that right is refused. Times are those of the
 * hosts' clocks, which need not agree to the second.
 */
export class WebhookOutbox {
  readonly #redis: OutboxRedis;
  readonly #ttlMs: number;
  readonly #clock: Pick<Clock, 'wallMs'>;

  /** @param ttlMs how long what waits is kept: as long as the sessions are */
  constructor(redis: Redis, options: { readonly ttlMs: number; readonly clock: Pick<Clock, 'wallMs'> }) {
    redis.defineCommand('parleyTakeOutbox', { numberOfKeys: 1, lua: TAKE_LUA });
    redis.defineCommand('parleyNoteOutbox', { numberOfKeys: 1, lua: NOTE_LUA });
    redis.defineCommand('parleyDueOutboxes', { numberOfKeys: 1, lua: DUE_LUA });
    this.#redis = redis as OutboxRedis;
    this.#ttlMs = options.ttlMs;
    this.#clock = options.clock;
  }

  /** Has some host look for words of this session in `inMs`. */
  async attend(sessionId: string, inMs: number): Promise<void> {
    const atMs = this.#clock.wallMs() + inMs;
    await askRedis(() => this.#redis.zadd(DELIVERIES_KEY, atMs, sessionId));
    await askRedis(() => this.#redis.pexpire(DELIVERIES_KEY, this.#ttlMs));
  }

  /** Takes up to `count` sessions that are due. Each is due again in `againMs`, in case that whoever took it dies. */
  due(count: number, againMs: number): Promise<string[]> {
    const now = this.#clock.wallMs();
    return askRedis(() => this.#redis.parleyDueOutboxes(DELIVERIES_KEY, now, count, now + againMs));
  }

  /** There will be no more words of this session. */
  async leave(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.zrem(DELIVERIES_KEY, sessionId));
  }

  /** Takes the right to deliver a session's words; undefined where another host has it. */
  async take(sessionId: string, holder: string, leaseMs: number): Promise<DeliveryProgress | undefined> {
    const { outbox } = sessionKeys(sessionId);
    const take = () => this.#redis.parleyTakeOutbox(outbox, this.#clock.wallMs(), holder, leaseMs, this.#ttlMs);
    const fields = await askRedis(take);
    if (fields === null) return undefined;
    const [position, turn, attempts, retryAtMs] = fields;
    return {
      position: typeof position === 'string' ? position : '0-0',
      turn: Number(turn ?? 0),
      attempts: Number(attempts ?? 0),
      retryAtMs: Number(retryAtMs ?? 0),
    };
  }

  /**
   * Notes how far a session's words have come.
   * @param leaseMs how much longer the right is kept; 0 gives it back
   * @returns false: another host has it by now, and nothing was noted
   */
  async note(sessionId: string, holder: string, progress: DeliveryProgress, leaseMs: number): Promise<boolean> {
    const { position, turn, attempts, retryAtMs } = progress;
    const fields = [
      'position',
      position,
      'turn',
      String(turn),
      'attempts',
      String(attempts),
      'retryAt',
      String(retryAtMs),
    ];
    const until = leaseMs === 0 ? 0 : this.#clock.wallMs() + leaseMs;
    const { outbox } = sessionKeys(sessionId);
    return (await askRedis(() => this.#redis.parleyNoteOutbox(outbox, holder, until, this.#ttlMs, ...fields))) === 1;
  }

  async bury(letter: DeadLetter): Promise<void> {
    await askRedis(() =>
      this.#redis
        .multi()
        .lpush(DEAD_LETTERS_KEY, JSON.stringify(letter))
        .ltrim(DEAD_LETTERS_KEY, 0, MOST_DEAD_LETTERS - 1)
        .pexpire(DEAD_LETTERS_KEY, this.#ttlMs)
        .exec(),
    );
  }

  /** The newest first, as JSON of {@link DeadLetter}. */
  deadLetters(count = MOST_DEAD_LETTERS): Promise<string[]> {
    return readRedis(() => this.#redis.lrange(DEAD_LETTERS_KEY, 0, count - 1));
  }
}
