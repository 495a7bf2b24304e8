import type { Redis } from 'ioredis';
import { NotFoundError, ParleyError, RequestError } from '../errors.ts';
import { callKey, HOSTS_KEY, isSessionId, sessionKeys } from './keys.ts';
import { type ScriptedRedis, withScripts } from './scripts.ts';
import type { Session, SessionCommand, SessionEvent, SessionStatus } from './session.ts';
import { asRecord, decodeEvent, decodeSession, encodeCommand, encodeEvent, encodeSession } from './session-codec.ts';
import { redisFailure, VersionConflictError } from './session-errors.ts';
import { type IndexEntry, SessionIndex } from './session-index.ts';

export type NewSession = Omit<Session, 'version' | 'createdAt' | 'history'>;
export type SessionPatch = Partial<Omit<Session, 'id' | 'version' | 'createdAt'>>;

export interface SessionPage {
  readonly limit: number;
  readonly cursor?: string;
  readonly status?: SessionStatus;
}

export interface HostLoad {
  readonly sessions: number;
  readonly maxSessions: number;
}

/** The longest that a call may last (`MAX_CALL_MS`), and the longest that Event Grid repeats an event. */
const DAY_MS = 86_400_000;
/** Each lost race means that somebody else's change was made, so this many clients can change one session at once. */
const UPDATE_ATTEMPTS = 32;
const MAX_PAGE = 100;
/** How many entries one request reads for a filter that few sessions pass. */
const MAX_SCANNED = 1000;
/** A session is in the index a moment before it exists. */
const CREATION_GRACE_MS = 60_000;

/**
 * What both halves know of conversations, in Redis. Any process may do anything at any time: changes are checked against
 * the version that they were made from (or need nothing of what is there), bindings and leases go to whoever comes first.
 *
 * Every key expires `ttlSeconds` after the session's last sign of life (a change, an event, a command, a lease's
 * renewal). Bindings and the index do not change with the session: they stay a day longer than that.
 *
 * Every method may fail with `redis.unavailable` (no answer within the client's time limit: the change may or may not
 * have been made) or `redis.refused`.
 */
export class SessionStore {
  readonly #redis: ScriptedRedis;
  readonly #index: SessionIndex;
  readonly #ttlMs: number;
  readonly #now: () => number;

  /** @param redis stays the caller's to close */
  constructor(redis: Redis, options: { readonly ttlSeconds: number; readonly now?: () => number }) {
    this.#redis = withScripts(redis);
    this.#ttlMs = options.ttlSeconds * 1000;
    this.#now = options.now ?? Date.now;
    this.#index = new SessionIndex(this.#redis, { keepMs: this.#ttlMs + DAY_MS });
  }

  /**
   * @throws {ParleyError} `session.exists` if the id is taken
   * @throws {RequestError} `session.id-invalid`
   */
  async create(fields: NewSession): Promise<Session> {
    const { session: key } = sessionKeys(fields.id);
    const session: Session = { ...fields, version: 1, createdAt: this.#now(), history: [] };
    // The index first: should we die between the two, the list passes over an entry without a session, whereas a session
    // without an entry would never be seen again.
    await this.#ask(() => this.#index.add(session.id, session.createdAt));
    const created = await this.#ask(() => this.#redis.parleyCreate(key, this.#ttlMs, ...encodeSession(session)));
    if (created === 0) throw new ParleyError('session.exists', `Session ${fields.id} exists already`);
    return decodeSession(session.id, asRecord(encodeSession(session)));
  }

  /** @throws {DamagedSessionError} */
  async get(id: string): Promise<Session | undefined> {
    if (!isSessionId(id)) return undefined;
    const hash = await this.#ask(() => this.#redis.hgetall(sessionKeys(id).session));
    return Object.keys(hash).length === 0 ? undefined : decodeSession(id, hash);
  }

  /**
   * Changes the fields given, if nobody has changed the session since `version`.
   * @throws {VersionConflictError}
   * @throws {NotFoundError} `session.not-found`
   */
  async patch(id: string, version: number, fields: SessionPatch): Promise<Session> {
    const { changed, session } = await this.#tryPatch(id, version, fields);
    if (!changed) throw new VersionConflictError(id, version, session.version);
    return session;
  }

  /**
   * Reads, asks `change` for a patch and applies it; reads again and asks again where somebody else was quicker. So
   * `change` may run several times and must have no effect of its own. Undefined from it leaves the session alone.
   * @throws {VersionConflictError} after many lost races
   * @throws {NotFoundError} `session.not-found`
   */
  async update(id: string, change: (session: Session) => SessionPatch | undefined): Promise<Session> {
    const first = await this.get(id);
    if (!first) throw sessionNotFound(id);
    let current: Session = first;
    for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt++) {
      const fields = change(current);
      if (!fields) return current;
      const { changed, session } = await this.#tryPatch(id, current.version, fields);
      if (changed) return session;
      current = session;
    }
    throw new VersionConflictError(id, current.version - 1, current.version);
  }

  /**
   * Changes the fields given, whatever the session is like by now. It is not read for that: a session holds the whole
   * history, and to send, parse and check that costs far more than to write a field.
   * @throws {NotFoundError} `session.not-found`
   */
  async set(id: string, fields: SessionPatch): Promise<void> {
    const { session: key, events, commands, commandsDone } = sessionKeys(id);
    const set = await this.#ask(() =>
      this.#redis.parleySet(key, events, commands, commandsDone, this.#ttlMs, ...encodeSession(fields)),
    );
    if (set === 0) throw sessionNotFound(id);
  }

  /** Binds a call to a session. The first one wins, whoever comes later learns of it: the id of the session bound. */
  bindCall(callConnectionId: string, sessionId: string): Promise<string> {
    return this.#ask(() => this.#redis.parleyBind(callKey(callConnectionId), this.#ttlMs + DAY_MS, sessionId));
  }

  async findByCall(callConnectionId: string): Promise<Session | undefined> {
    const id = await this.#ask(() => this.#redis.get(callKey(callConnectionId)));
    return id === null ? undefined : this.get(id);
  }

  /**
   * Newest first. Pages do not shift while sessions arrive. A page may hold fewer than `limit` (1 to 100) and still have
   * a cursor, where few sessions pass the filter. Sessions that cannot be read are left out.
   * @throws {RequestError} `calls.cursor-invalid`
   */
  async list(page: SessionPage): Promise<{ sessions: Session[]; cursor?: string }> {
    const limit = Math.min(Math.max(1, page.limit), MAX_PAGE);
    const sessions: Session[] = [];
    // One more than a page, to know whether there is a next one; with a filter more, as most may not pass it.
    const batch = page.status ? MAX_PAGE + 1 : limit + 1;
    let cursor = page.cursor;
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += batch) {
      const from = cursor;
      const entries = await this.#ask(() => this.#index.entries(batch, from));
      const found = await this.#load(entries);
      for (const [i, entry] of entries.entries()) {
        const session = found[i];
        if (!session || (page.status && session.status !== page.status)) continue;
        if (sessions.length === limit) return { sessions, ...(cursor !== undefined && { cursor }) };
        sessions.push(session);
        cursor = entry.cursor;
      }
      if (entries.length < batch) return { sessions };
      cursor = entries.at(-1)?.cursor;
    }
    return { sessions, ...(cursor !== undefined && { cursor }) };
  }

  /**
   * Adds to the session's stream, which keeps about its last 1000 events.
   * @returns the event's id
   * @throws {NotFoundError} `session.not-found`
   */
  async append(id: string, event: Omit<SessionEvent, 'id' | 'at'>): Promise<string> {
    const { events, session, commands, commandsDone } = sessionKeys(id);
    const fields = encodeEvent({ ...event, at: this.#now() });
    const eventId = await this.#ask(() =>
      this.#redis.parleyAppend(events, session, commands, commandsDone, this.#ttlMs, ...fields),
    );
    if (eventId === null) throw sessionNotFound(id);
    return eventId;
  }

  /**
   * Events in order, from after the one named on (or the oldest kept), up to `limit` (500). Entries that cannot be read
   * are left out.
   * @throws {RequestError} `events.position-invalid`
   */
  async events(id: string, options: { after?: string; limit?: number } = {}): Promise<SessionEvent[]> {
    if (!isSessionId(id)) return [];
    const { after = '0-0', limit = 500 } = options;
    if (!/^\d{1,16}(-\d{1,16})?$/.test(after)) {
      throw new RequestError(
        'events.position-invalid',
        'The position must be the id of an event, such as 1700000000000-0',
      );
    }
    const count = Math.max(1, limit);
    const reply = await this.#ask(() => this.#redis.xread('COUNT', count, 'STREAMS', sessionKeys(id).events, after));
    const entries = reply?.[0]?.[1] ?? [];
    return entries.flatMap(([eventId, fields]) => decodeEvent(eventId, fields) ?? []);
  }

  /**
   * Asks something of the replica that holds the session; `CommandInbox` is its other end. The stream keeps about the
   * last 100 commands.
   * @throws {NotFoundError} `session.not-found`
   */
  async command(id: string, command: SessionCommand): Promise<void> {
    const { commands, session, events, commandsDone } = sessionKeys(id);
    const entry = await this.#ask(() =>
      this.#redis.parleyCommand(commands, session, events, commandsDone, this.#ttlMs, encodeCommand(command)),
    );
    if (entry === null) throw sessionNotFound(id);
  }

  /** Takes the lease of a session, for a time by the clock of Redis. True when it was free or is ours already. */
  async claim(id: string, owner: string, leaseMs: number): Promise<boolean> {
    const args = [...leaseKeys(id), this.#ttlMs, owner, leaseMs];
    return (await this.#ask(() => this.#redis.parleyClaim(...args))) === 1;
  }

  /** False: the lease has run out, or is somebody else's by now. `claim` tells which. */
  async renew(id: string, owner: string, leaseMs: number): Promise<boolean> {
    const args = [...leaseKeys(id), this.#ttlMs, owner, leaseMs];
    return (await this.#ask(() => this.#redis.parleyRenew(...args))) === 1;
  }

  /** Gives the lease up, if it is still ours. */
  async release(id: string, owner: string): Promise<void> {
    await this.#ask(() => this.#redis.parleyRelease(sessionKeys(id).owner, owner));
  }

  /** The replica that holds the session, if one does. */
  async owner(id: string): Promise<string | undefined> {
    return (await this.#ask(() => this.#redis.get(sessionKeys(id).owner))) ?? undefined;
  }

  /** Says that a replica lives and how busy it is. It is forgotten `ttlMs` after its last word. */
  async announceHost(hostId: string, load: HostLoad, ttlMs: number): Promise<void> {
    await this.#ask(() => this.#redis.parleyAnnounce(HOSTS_KEY, hostId, ttlMs, load.sessions, load.maxSessions));
  }

  async hosts(): Promise<({ hostId: string } & HostLoad)[]> {
    const [now, hash] = await this.#ask(() => this.#redis.parleyHosts(HOSTS_KEY));
    return Object.entries(asRecord(hash)).flatMap(([hostId, value]) => {
      const [untilMs = 0, sessions = 0, maxSessions = 0] = value.split(' ').map(Number);
      return untilMs > Number(now) ? [{ hostId, sessions, maxSessions }] : [];
    });
  }

  /** Resolves if Redis answers in time. */
  async ping(): Promise<void> {
    await this.#ask(() => this.#redis.ping());
  }

  async #tryPatch(id: string, version: number, fields: SessionPatch): Promise<{ changed: boolean; session: Session }> {
    const { session: key, events, commands, commandsDone } = sessionKeys(id);
    const [changed, hash] = await this.#ask(() =>
      this.#redis.parleyPatch(key, events, commands, commandsDone, this.#ttlMs, version, ...encodeSession(fields)),
    );
    if (hash.length === 0) throw sessionNotFound(id);
    return { changed: changed === 1, session: decodeSession(id, asRecord(hash)) };
  }

  /** The sessions of index entries; undefined where there is none, or none that can be read. */
  async #load(entries: readonly IndexEntry[]): Promise<(Session | undefined)[]> {
    const gone: IndexEntry[] = [];
    const sessions = await Promise.all(
      entries.map(async (entry) => {
        try {
          const session = await this.get(entry.id);
          // An id that was taken leaves an entry of another time behind.
          if (session?.createdAt === entry.createdAt) return session;
          if (entry.createdAt < this.#now() - CREATION_GRACE_MS) gone.push(entry);
        } catch (error) {
          if (error instanceof ParleyError && error.status !== 503) return undefined;
          throw error;
        }
        return undefined;
      }),
    );
    await this.#ask(() => this.#index.remove(gone));
    return sessions;
  }

  async #ask<Reply>(command: () => Promise<Reply>): Promise<Reply> {
    try {
      return await command();
    } catch (error) {
      throw redisFailure(error);
    }
  }
}

const leaseKeys = (id: string): string[] => {
  const { owner, session, events, commands, commandsDone } = sessionKeys(id);
  return [owner, session, events, commands, commandsDone];
};

const sessionNotFound = (id: string) => new NotFoundError('session.not-found', `There is no session ${id}`);
