import { RequestError } from '../errors.ts';
import { agentKey, CALLS_KEY, isSessionId, numberKey, sessionKeys, statusKey } from './keys.ts';
import type { ScriptedRedis } from './scripts.ts';
import type { Session, SessionStatus } from './session.ts';

/** One session's place in the index. */
export interface IndexEntry {
  readonly id: string;
  readonly createdAt: number;
  /** Where to go on after it. Opaque to those who carry it. */
  readonly cursor: string;
}

/** Which sessions are looked for: those that fit all of it. */
export interface SessionFilter {
  readonly status?: SessionStatus | undefined;
  readonly agent?: string | undefined;
  /** Who calls or is called. */
  readonly number?: string | undefined;
  /** When they were created, both included; milliseconds since 1970. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** A part of one of the lists. */
export interface IndexRange {
  readonly key: string;
  readonly newest: string;
  readonly oldest: string;
  /** It holds sessions besides those that are looked for. */
  readonly isMixed: boolean;
}

/**
 * The sessions by the time of their creation, all of them and those of each status, agent and number.
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

  /** Puts a session into the lists that it stays in: of all, of its agent, of its numbers. */
  async add(session: Pick<Session, 'id' | 'createdAt' | 'agent' | 'from' | 'to'>): Promise<void> {
    await Promise.all(lastingKeysOf(session).map((key) => this.#add(key, session.id, session.createdAt)));
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
   * The shortest list in which all sessions stand that fit the filter.
   * @throws {RequestError} `calls.cursor-invalid`
   */
  async range({ status, agent, number, fromMs, toMs }: SessionFilter, cursor?: string): Promise<IndexRange> {
    const keys = [
      ...(status === undefined ? [] : [statusKey(status)]),
      ...(agent === undefined ? [] : [agentKey(agent)]),
      ...(number === undefined ? [] : [numberKey(number)]),
    ];
    const ends = [
      ...(cursor === undefined ? [] : [`(${decodeCursor(cursor)}`]),
      ...(toMs === undefined ? [] : [`(${time(toMs + 1)}`]),
    ];
    const newest = ends.sort()[0] ?? '+';
    const oldest = fromMs === undefined ? '-' : `[${time(fromMs)}`;
    const [only = CALLS_KEY] = keys;
    if (keys.length < 2) return { key: only, newest, oldest, isMixed: false };
    const lengths = await Promise.all(keys.map((key) => this.#redis.zlexcount(key, oldest, newest)));
    const key = keys[lengths.indexOf(Math.min(...lengths))] ?? only;
    return { key, newest, oldest, isMixed: true };
  }

  /** What of a part comes after this place. */
  after(range: IndexRange, cursor: string): IndexRange {
    return { ...range, newest: `(${decodeCursor(cursor)}` };
  }

  /** @returns up to `count` entries, newest first, without the first `skip` of them */
  async entries(range: IndexRange, count: number, skip = 0): Promise<IndexEntry[]> {
    const { key, newest, oldest } = range;
    const members = await this.#redis.zrevrangebylex(key, newest, oldest, 'LIMIT', skip, count);
    return members.map((value) => ({
      id: value.slice(value.indexOf(':') + 1),
      createdAt: Number.parseInt(value, 10),
      cursor: Buffer.from(value).toString('base64url'),
    }));
  }

  /** Those whose sessions may fit the filter, by a few fields of each. */
  async fitting(entries: readonly IndexEntry[], filter: SessionFilter): Promise<IndexEntry[]> {
    const fields = entries.map(({ id }) => this.#redis.hmget(sessionKeys(id).session, 'status', 'agent', 'from', 'to'));
    const told = await Promise.all(fields);
    return entries.filter((_, i) => {
      const [status, agent, from, to] = told[i] ?? [];
      return status !== null && fits({ status, agent, from, to }, filter);
    });
  }

  /** Takes sessions out of the list that {@link entries} found them in. */
  async remove(entries: readonly IndexEntry[], { key }: IndexRange): Promise<void> {
    if (entries.length > 0) await this.#redis.zrem(key, ...entries.map((entry) => decodeCursor(entry.cursor)));
  }

  #add(key: string, id: string, createdAt: number): Promise<unknown> {
    return this.#redis.parleyIndex(key, this.#keepMs, member(id, createdAt), time(createdAt - this.#keepMs));
  }
}

/** What of a session is looked at, as Redis gives it. */
type Looked = { readonly [Field in 'status' | 'agent' | 'from' | 'to']?: string | null | undefined };

/** Whether a session fits a filter, but for its time. */
export const fits = (session: Looked, { status, agent, number }: SessionFilter): boolean =>
  (status === undefined || session.status === status) &&
  (agent === undefined || session.agent === agent) &&
  (number === undefined || session.from === number || session.to === number);

function lastingKeysOf({ agent, from, to }: Pick<Session, 'agent' | 'from' | 'to'>): string[] {
  const numbers = new Set([from, to].filter((number) => number !== undefined));
  return [CALLS_KEY, agentKey(agent), ...[...numbers].map(numberKey)];
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
