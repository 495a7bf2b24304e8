import type { Redis } from 'ioredis';
import { callKey, sessionKeys } from './keys.ts';
import { askRedis } from './session-errors.ts';

const PAGE = 500;

/** What is called by its place, and not by whom it belongs to. */
interface Belongs {
  readonly sessionId: string;
  readonly callId: string | undefined;
}

/**
 * Erases all that Redis has of one session: its own keys, whoever made them; what is kept by its call; its places in the
 * lists of all; and what others noted of it, as the answers of requests, words that a webhook did not take, and tickets.
 *
 * It looks at every key of Parley's, because what is noted elsewhere is found by its content alone. So it costs as much as
 * there is, and is for the day when somebody asks for it.
 */
export class SessionErasure {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** The session that a call belonged to, also where the session itself is gone. */
  async sessionOf(callId: string): Promise<string | undefined> {
    return (await askRedis(() => this.#redis.get(callKey(callId)))) ?? undefined;
  }

  /**
   * Idempotent.
   * @returns what there was, by name and how much of it: `history`, `index: 2`
   */
  async erase(sessionId: string, callId: string | undefined): Promise<ReadonlyMap<string, number>> {
    const erased = new Map<string, number>();
    const whose = { sessionId, callId };
    const prefix = prefixOf(sessionId);
    await askRedis(async () => {
      for await (const keys of this.#pages()) {
        const shared: string[] = [];
        for (const key of keys) {
          const isOwn = key.startsWith(prefix) || (callId !== undefined && isOfCall(key, callId));
          if (isOwn) count(erased, nameOf(key, prefix), await this.#redis.unlink(key));
          else if (!key.startsWith(OF_A_SESSION)) shared.push(key);
        }
        const types = await Promise.all(shared.map((key) => this.#redis.type(key)));
        for (const [index, key] of shared.entries()) {
          count(erased, nameOf(key, prefix), await this.#eraseFrom(key, types[index], whose));
        }
      }
    });
    return erased;
  }

  /** Leaves the mark, without what it was answered. */
  async #empty(key: string, value: string): Promise<number> {
    const leftMs = await this.#redis.pttl(key);
    const { fingerprint } = JSON.parse(value);
    if (leftMs > 0) await this.#redis.set(key, JSON.stringify({ fingerprint, answer: null }), 'PX', leftMs);
    else await this.#redis.unlink(key);
    return 1;
  }

  async *#pages(): AsyncIterable<string[]> {
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', 'parley:*', 'COUNT', PAGE);
      cursor = next;
      yield keys;
    } while (cursor !== '0');
  }

  /** @returns how many entries there were */
  async #eraseFrom(key: string, type: string | undefined, whose: Belongs): Promise<number> {
    switch (type) {
      case 'string': {
        const value = await this.#redis.get(key);
        if (value === null || !mentions(value, whose)) return 0;
        return isMark(key) ? this.#empty(key, value) : this.#redis.unlink(key);
      }
      case 'zset': {
        const members = await this.#redis.zrange(key, '0', '-1');
        const theirs = members.filter((member) => mentions(member, whose));
        return theirs.length > 0 ? this.#redis.zrem(key, ...theirs) : 0;
      }
      case 'set': {
        const theirs = (await this.#redis.smembers(key)).filter((member) => mentions(member, whose));
        return theirs.length > 0 ? this.#redis.srem(key, ...theirs) : 0;
      }
      case 'hash': {
        const all = Object.entries(await this.#redis.hgetall(key));
        const theirs = all.filter(([field, value]) => mentions(field, whose) || mentions(value, whose));
        return theirs.length > 0 ? this.#redis.hdel(key, ...theirs.map(([field]) => field)) : 0;
      }
      case 'list': {
        let removed = 0;
        for (const item of new Set(await this.#redis.lrange(key, 0, -1))) {
          if (mentions(item, whose)) removed += await this.#redis.lrem(key, 0, item);
        }
        return removed;
      }
      case 'stream': {
        const entries = await this.#redis.xrange(key, '-', '+');
        const theirs = entries.filter(([, fields]) => fields.some((field) => mentions(field, whose)));
        return theirs.length > 0 ? this.#redis.xdel(key, ...theirs.map(([id]) => id)) : 0;
      }
      default:
        return 0;
    }
  }
}

/**
 * That an event was dealt with: without it, a late copy would begin the call anew. It stays for its day, empty. Of a request
 * nothing stays: its name is its sender's own, and it is about a call that is gone.
 */
const isMark = (key: string): boolean => key.startsWith('parley:once:incoming:');

const OF_A_SESSION = 'parley:{';
const prefixOf = (sessionId: string): string => sessionKeys(sessionId).session.replace(/session$/, '');
const isOfCall = (key: string, callId: string): boolean => key === callKey(callId) || key.includes(`{${callId}}`);

/** Of a session's own key what it is, of another the list's name. */
function nameOf(key: string, prefix: string): string {
  if (key.startsWith(prefix)) return key.slice(prefix.length);
  const [, name = key] = key.split(':');
  return name;
}

function count(erased: Map<string, number>, name: string, entries: number): void {
  if (entries > 0) erased.set(name, (erased.get(name) ?? 0) + entries);
}

/** An entry is the session's where it is its id, ends in it (`<time>:<id>`, `~<id>`), or is JSON with a field that has it. */
function mentions(entry: string, { sessionId, callId }: Belongs): boolean {
  if (entry.startsWith('{') || entry.startsWith('[')) {
    try {
      return names(JSON.parse(entry), sessionId, callId, 0);
    } catch {
      return false;
    }
  }
  return [sessionId, callId].some(
    (id) =>
      id !== undefined && (entry === id || entry === `~${id}` || (entry.endsWith(`:${id}`) && /^\d+:/.test(entry))),
  );
}

/** Ids are found by the names that they have: a short one may be anybody's word. */
const ID_NAME = /id$|session|call/i;
const DEEPEST = 8;

function names(value: unknown, sessionId: string, callId: string | undefined, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return false;
  return Object.entries(value).some(([name, inner]) => {
    if (typeof inner !== 'string') return names(inner, sessionId, callId, depth + 1);
    // A message that was kept as it was sent.
    if (inner.startsWith('{')) return mentions(inner, { sessionId, callId });
    return ID_NAME.test(name) && (inner === sessionId || inner === callId);
  });
}
