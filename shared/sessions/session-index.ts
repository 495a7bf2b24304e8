import { RequestError } from '../errors.ts';
import { CALLS_KEY, isSessionId } from './keys.ts';
import type { ScriptedRedis } from './scripts.ts';

/** One session's place in the index. */
export interface IndexEntry {
  readonly id: string;
  readonly createdAt: number;
  /** Where to go on after it. Opaque to those who carry it. */
  readonly cursor: string;
}

/**
 * The sessions by the time of their creation.
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

  async add(id: string, createdAt: number): Promise<void> {
    await this.#redis.parleyIndex(CALLS_KEY, this.#keepMs, member(id, createdAt), time(createdAt - this.#keepMs));
  }

  /**
   * @returns up to `count` entries, newest first, from after the cursor on
   * @throws {RequestError} `calls.cursor-invalid`
   */
  async entries(count: number, cursor?: string): Promise<IndexEntry[]> {
    const start = cursor === undefined ? '+' : `(${decodeCursor(cursor)}`;
    const members = await this.#redis.zrevrangebylex(CALLS_KEY, start, '-', 'LIMIT', 0, count);
    return members.map((value) => ({
      id: value.slice(value.indexOf(':') + 1),
      createdAt: Number.parseInt(value, 10),
      cursor: Buffer.from(value).toString('base64url'),
    }));
  }

  async remove(entries: readonly IndexEntry[]): Promise<void> {
    if (entries.length > 0) await this.#redis.zrem(CALLS_KEY, ...entries.map((entry) => decodeCursor(entry.cursor)));
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
