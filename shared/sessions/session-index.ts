import { RequestError } from '../errors.ts';
import { CALLS_KEY, isSessionId, sessionKeys, statusKey } from './keys.ts';
import type { ScriptedRedis } from './scripts.ts';
import type { SessionStatus } from './session.ts';

/** One session's place in the index. */
export interface IndexEntry {
  readonly id: string;
  readonly createdAt: number;
  /** Where to go on after it. Opaque to those who carry it. */
  readonly cursor: string;
}

/**
 * The sessions by the time of their creation, all of them and those of each status.
 *
 * All scores are 0 and the member begins with the time, because a range by member can begin exactly after any entry: a
 * page stays where it is while newer sessions arrive, and many sessions of one millisecond are no special case.
 */
export class SessionIndex {
  readonly #redis: ScriptedRedis;
  readonly #keepMs: number;

  constructor(redis: ScriptedRedis, options: { readonly keepMs: number }) {
    this.#redis = redis;
    this.#keepMs = options.keepMs;
  }

  /** Puts a session into the list of all. */
  add(id: string, createdAt: number): Promise<unknown> {
    return this.#add(CALLS_KEY, id, createdAt);
  }

  /** Puts a session into the list of those with this status: before it has it, so that none is ever missing there. */
  enter(status: SessionStatus, id: string, createdAt: number): Promise<unknown> {
    return this.#add(statusKey(status), id, createdAt);
  }

  /** Takes a session out of the list of those with this status, unless it has come back to it meanwhile. */
  async leave(status: SessionStatus, id: string, createdAt: number): Promise<void> {
    await this.#redis.zrem(statusKey(status), member(id, createdAt));
    if ((await this.#redis.hget(sessionKeys(id).session, 'status')) === status) await this.enter(status, id, createdAt);
  }

  /**
   * @returns up to `count` entries, newest first, from after the cursor on and without the first `skip` of them
   * @throws {RequestError} `calls.cursor-invalid`
   */
  async entries(
    count: number,
    from: { readonly cursor?: string; readonly status?: SessionStatus; readonly skip?: number },
  ): Promise<IndexEntry[]> {
    const start = from.cursor === undefined ? '+' : `(${decodeCursor(from.cursor)}`;
    const key = from.status === undefined ? CALLS_KEY : statusKey(from.status);
    const members = await this.#redis.zrevrangebylex(key, start, '-', 'LIMIT', from.skip ?? 0, count);
    return members.map((value) => ({
      id: value.slice(value.indexOf(':') + 1),
      createdAt: Number.parseInt(value, 10),
      cursor: Buffer.from(value).toString('base64url'),
    }));
  }

  /** Takes sessions out of the list that {@link entries} found them in. */
  async remove(entries: readonly IndexEntry[], status: SessionStatus | undefined): Promise<void> {
    if (entries.length === 0) return;
    const key = status === undefined ? CALLS_KEY : statusKey(status);
    await this.#redis.zrem(key, ...entries.map((entry) => decodeCursor(entry.cursor)));
  }

  #add(key: string, id: string, createdAt: number): Promise<unknown> {
    return this.#redis.parleyIndex(key, this.#keepMs, member(id, createdAt), time(createdAt - this.#keepMs));
  }
}

/** Digits of a time in milliseconds since 1970, for the next 3000 years. */
const TIME_DIGITS = 14;
const time = (ms: number): string => String(Math.max(0, Math.floor(ms))).padStart(TIME_DIGITS, '0');
const member = (id: string, createdAt: number): string => `${time(createdAt)}:${id}`;

function decodeCursor(cursor: string): string {
  const value = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{14}:/.test(value) || !isSessionId(value.slice(TIME_DIGITS + 1))) {
    throw new RequestError('calls.cursor-invalid', 'The cursor is not one that this list gave out; start without it');
  }
  return value;
}
