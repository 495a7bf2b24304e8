import type { Redis } from 'ioredis';
import { NOW } from './host-scripts.ts';
import { heldKey, sessionKeys } from './keys.ts';
import { askRedis, readRedis } from './session-errors.ts';

/** KEYS session. Names who holds it, or held it last, as one whose media socket is gone. -> 1, or 0: nobody does. */
const LOST_LUA = `
      local heldBy = redis.call('HGET', KEYS[1], 'heldBy')
      if not heldBy then return 0 end
      redis.call('HSET', KEYS[1], 'lostBy', heldBy)
      return 1`;

/** KEYS session -> for how many ms nobody had it before whoever holds it now, or had it last; with the time since. -1: not known. */
const ALONE_LUA = `${NOW}
      local since = redis.call('HGET', KEYS[1], 'aloneSince')
      return since and string.format('%.0f', now - since) or '-1'`;

interface HeldRedis extends Redis {
  parleyAlone(key: string): Promise<string>;
  parleyMediaLost(key: string): Promise<0 | 1>;
}

/** Longer than it takes others to find out that a host is gone, and to take its calls over. */
const KEPT_MS = 600_000;

/**
 * Which sessions each stream host holds, and of whom the carrier has said that his media socket is gone: what others need to
 * know to take calls over. The lease alone decides who speaks for a session.
 */
export class HeldSessions {
  readonly #redis: HeldRedis;

  constructor(redis: Redis) {
    redis.defineCommand('parleyMediaLost', { numberOfKeys: 1, lua: LOST_LUA });
    redis.defineCommand('parleyAlone', { numberOfKeys: 1, lua: ALONE_LUA });
    this.#redis = redis as HeldRedis;
  }

  /** Writes down what of a host's sessions has changed. What is written is forgotten in ten minutes, unless it is renewed. */
  async note(hostId: string, arrived: readonly string[], left: readonly string[]): Promise<void> {
    const key = heldKey(hostId);
    await askRedis(() =>
      Promise.all([
        arrived.length > 0 && this.#redis.sadd(key, ...arrived),
        left.length > 0 && this.#redis.srem(key, ...left),
        this.#redis.pexpire(key, KEPT_MS),
      ]),
    );
  }

  /** Takes up to `count` sessions off the list of a host that is gone: each is one taker's. */
  take(hostId: string, count: number): Promise<string[]> {
    return askRedis(() => this.#redis.spop(heldKey(hostId), count));
  }

  /** Whether anybody has held a session before. */
  async wasHeld(sessionId: string): Promise<boolean> {
    const { session } = sessionKeys(sessionId);
    return (await readRedis(() => this.#redis.hexists(session, 'wasHeld'))) === 1;
  }

  /** How long ago somebody last had a session before whoever has it now; undefined where nobody did. By the clock of Redis. */
  async aloneMs(sessionId: string): Promise<number | undefined> {
    const ms = Number(await readRedis(() => this.#redis.parleyAlone(sessionKeys(sessionId).session)));
    return ms < 0 ? undefined : ms;
  }

  /** The carrier has told that the media socket of the one who holds a session is gone. */
  async lost(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.parleyMediaLost(sessionKeys(sessionId).session));
  }

  /** It was not so: the socket stands. */
  async stands(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.hdel(sessionKeys(sessionId).session, 'lostBy'));
  }

  /** Whether the carrier has told so of this very owner. */
  async isLost(sessionId: string, owner: string): Promise<boolean> {
    const { session } = sessionKeys(sessionId);
    return (await readRedis(() => this.#redis.hget(session, 'lostBy'))) === owner;
  }
}
