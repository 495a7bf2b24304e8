import type { Redis } from 'ioredis';
import type { CallIds } from '../carrier/carrier.ts';
import { NotFoundError, ParleyError, RequestError } from '../errors.ts';
import { DueList } from './due-list.ts';
import { HeldSessions } from './held-sessions.ts';
import type { HistoryItem } from './history.ts';
import { Hosts } from './hosts.ts';
import { callKey, isSessionId, PROBE_KEY, scriptKeys, sessionKeys, WATCH_KEY } from './keys.ts';
import { CHANGED, KEYS_AGE, LEASE_LOST, NO_SESSION, type ScriptedRedis, withScripts } from './scripts.ts';
import type {
  NewEvent,
  NewSession,
  Session,
  SessionCommand,
  SessionEvent,
  SessionPatch,
  SessionStatus,
} from './session.ts';
import {
  asRecord,
  decodeEvent,
  decodeHistory,
  decodeSession,
  encodeCommand,
  encodeHistory,
  encodeSession,
  encodeWholeSession,
  parseOldHistory,
} from './session-codec.ts';
import { askRedis, leaseLost, readRedis, sessionNotFound, VersionConflictError } from './session-errors.ts';
import { SessionIndex } from './session-index.ts';
import { SessionList, type SessionPage } from './session-list.ts';
import { SessionWriter } from './session-writer.ts';

export type { NewSession, SessionPage, SessionPatch };

/** Nobody holds the session. */
export interface Silence {
  readonly forMs: number;
  /** Somebody has held it before. */
  readonly everHeld: boolean;
}

/** What became of the wish to go on holding a session. `gone`: Redis does not know it any more, or not that anybody had it. */
export type Renewal = 'held' | 'lost' | 'gone';

/** The longest that a call may last (`MAX_CALL_MS`), and the longest that Event Grid repeats an event. */
const DAY_MS = 86_400_000;
/** Each lost race means that somebody else's change was made, so this many clients can change one session at once. */
const UPDATE_ATTEMPTS = 32;
const PROBE_TTL_MS = 10_000;

/**
 * What both halves know of conversations, in Redis. Any process may do anything at any time: changes are checked against
 * the version that they were made from (or need nothing of what is there), bindings and leases go to whoever comes first.
 *
 * Every key expires `ttlSeconds` after the session's last sign of life (a change, an event, a command, a lease's
 * renewal), or up to an eighth of that sooner. Bindings and the index do not change with the session: they stay a day longer
 * than that.
 *
 * Every method may fail with `redis.unavailable` (no answer within the client's time limit: the change may or may not
 * have been made) or `redis.refused`.
 */
export class SessionStore {
  readonly #redis: ScriptedRedis;
  readonly #index: SessionIndex;
  readonly #list: SessionList;
  /** The replicas of the stream host. */
  readonly hosts: Hosts;
  /** Which sessions each of them holds. */
  readonly held: HeldSessions;
  /** The sessions that must not stand without anybody to talk in them. */
  readonly watched: DueList;
  readonly #ttlMs: number;
  readonly #now: () => number;

  /** @param redis stays the caller's to close */
  constructor(redis: Redis, options: { readonly ttlSeconds: number; readonly now?: () => number }) {
    this.#redis = withScripts(redis);
    this.#ttlMs = options.ttlSeconds * 1000;
    this.#now = options.now ?? Date.now;
    this.hosts = new Hosts(redis, this.#now);
    this.held = new HeldSessions(redis);
    this.watched = new DueList(redis, { key: WATCH_KEY, ttlMs: this.#ttlMs + DAY_MS });
    this.#index = new SessionIndex(this.#redis, { keepMs: this.#ttlMs + DAY_MS });
    this.#list = new SessionList({ index: this.#index, read: (id) => this.get(id), now: this.#now });
  }

  /**
   * @throws {ParleyError} `session.exists` if the id is taken
   * @throws {RequestError} `session.id-invalid`
   */
  async create(fields: NewSession): Promise<Session> {
    const keys = scriptKeys(fields.id);
    const session: Session = { ...fields, version: 1, createdAt: this.#now() };
    const encoded = encodeWholeSession(session);
    // The index first: should we die between the two, the list passes over an entry without a session, whereas a session
    // without an entry would never be seen again.
    await this.#enterIndex(session);
    const created = await askRedis(() => this.#redis.parleyCreate(...keys, this.#ttlMs, ...encoded));
    if (created === 0) throw new ParleyError('session.exists', `Session ${fields.id} exists already`);
    return decodeSession(session.id, asRecord(encoded));
  }

  /**
   * Writes a session again that Redis has lost, by the replica that still holds it, with the lease, the index entry and
   * the binding of its call. Of a session that is there it writes only which its call is, and that it stands.
   * @returns whether it was written; false: there is one
   * @throws {ParleyError} `session.lease-lost`: somebody else holds it
   */
  async restore(
    session: Session,
    history: readonly HistoryItem[],
    { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
  ): Promise<boolean> {
    const keys = scriptKeys(session.id);
    const standing: Session = { ...standingNow(session, this.#now()), restored: true };
    const fields = encodeWholeSession(standing);
    const items = encodeHistory(history);
    await this.#enterIndex(standing);
    const restored = await askRedis(() =>
      this.#redis.parleyRestore(...keys, this.#ttlMs, owner, leaseMs, fields.length, ...fields, ...items),
    );
    if (restored === LEASE_LOST) throw leaseLost(session.id);
    const { callConnectionId } = session;
    if (callConnectionId !== undefined) await this.bind(session.id, { callConnectionId, ...otherIdsOf(session) });
    if (restored === CHANGED) {
      await this.watch(session.id, leaseMs);
      return true;
    }
    // A replica that has become the primary may have it as it was before its call stood.
    const { status, connectedAt = this.#now() } = standing;
    await this.update(session.id, (now) => (standsNotYet(now) ? { status, connectedAt } : undefined));
    return false;
  }

  /** @throws {DamagedSessionError} */
  async get(id: string): Promise<Session | undefined> {
    if (!isSessionId(id)) return undefined;
    const hash = await readRedis(() => this.#redis.hgetall(sessionKeys(id).session));
    return Object.keys(hash).length === 0 ? undefined : decodeSession(id, hash);
  }

  /**
   * What was said and done so far, oldest first. Items that this release cannot read are left out. Empty where there is
   * no session.
   * @throws {DamagedSessionError}
   */
  async history(id: string): Promise<HistoryItem[]> {
    if (!isSessionId(id)) return [];
    const [old, items] = await readRedis(() => this.#redis.parleyHistory(...scriptKeys(id)));
    return old === null ? decodeHistory(items) : parseOldHistory(id, old);
  }

  /**
   * Writes to a session in the name of the one who holds its lease.
   * @throws {RequestError} `session.id-invalid`
   */
  owned(id: string, owner: string): SessionWriter {
    return new SessionWriter(this.#redis, id, owner, { index: this.#index, ttlMs: this.#ttlMs, wallMs: this.#now });
  }

  /**
   * Changes the fields given, if nobody has changed the session since `version`.
   * @throws {VersionConflictError}
   * @throws {NotFoundError} `session.not-found`
   */
  async patch(id: string, version: number, fields: SessionPatch): Promise<Session> {
    const { changed, session } = await this.#tryPatch(id, version, fields, fields.status && (await this.get(id)));
    if (!changed) throw new VersionConflictError(id, version, session.version);
    return session;
  }

  /**
   * Reads, asks `change` for a patch and applies it; reads again and asks again where somebody else was quicker. So
   * `change` may run several times and must have no effect of its own. Undefined from it leaves the session alone.
   * @param read the session, where it was read just now
   * @throws {VersionConflictError} after many lost races
   * @throws {NotFoundError} `session.not-found`
   */
  async update(id: string, change: (session: Session) => SessionPatch | undefined, read?: Session): Promise<Session> {
    const first = read ?? (await this.get(id));
    if (!first) throw sessionNotFound(id);
    let current: Session = first;
    for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt++) {
      const fields = change(current);
      if (!fields) return current;
      const { changed, session } = await this.#tryPatch(id, current.version, fields, current);
      if (changed) return session;
      current = session;
    }
    throw new VersionConflictError(id, current.version - 1, current.version);
  }

  /**
   * Changes the fields given, whatever the session is like by now. For those who hold no lease: see {@link owned}.
   * @throws {NotFoundError} `session.not-found`
   */
  async set(id: string, fields: SessionPatch): Promise<void> {
    await this.owned(id, '').set(fields);
  }

  /**
   * Joins a call and its session, whoever is the first to know of both: the answer to our request, a callback, the media
   * socket. Whoever comes later finds it done. The session is asked first, so that a second call which names it cannot
   * be found under it.
   * @returns the session as it is now
   * @throws {NotFoundError} `session.not-found`; `call.mismatch` where the session has another call or the call another
   * session
   */
  async bind(sessionId: string, ids: CallIds): Promise<Session> {
    const { callConnectionId, ...others } = ids;
    const keys = scriptKeys(sessionId);
    const join = () => this.#redis.parleyJoin(...keys, this.#ttlMs, callConnectionId, ...encodeSession(others));
    const hash = await askRedis(join);
    if (hash.length === 0) throw sessionNotFound(sessionId);
    const session = decodeSession(sessionId, asRecord(hash));
    if (session.callConnectionId !== callConnectionId) {
      throw new NotFoundError('call.mismatch', 'The session belongs to another call.');
    }
    if ((await this.#bindCall(callConnectionId, sessionId)) !== sessionId) {
      throw new NotFoundError('call.mismatch', 'The call belongs to another session.');
    }
    return session;
  }

  async findByCall(callConnectionId: string): Promise<Session | undefined> {
    const id = await readRedis(() => this.#redis.get(callKey(callConnectionId)));
    return id === null ? undefined : this.get(id);
  }

  /**
   * Newest first. Pages do not shift while sessions arrive. A page of 1 to 100 may hold fewer than `limit` and
   * still have a cursor, where many sessions are gone or fit only one of several filters. Sessions that cannot be read are
   * left out. What a page costs has nothing to do with what was said in its sessions, or with how many others there are.
   * @throws {RequestError} `calls.cursor-invalid`
   */
  list(page: SessionPage): Promise<{ sessions: Session[]; cursor?: string }> {
    return this.#list.page(page);
  }

  /**
   * Adds to the session's stream, which keeps about its last 1000 events.
   * @returns the event's id
   * @throws {NotFoundError} `session.not-found`
   */
  async append(id: string, event: NewEvent): Promise<string> {
    const [eventId = ''] = await this.owned(id, '').append(event);
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
    const reply = await readRedis(() => this.#redis.xread('COUNT', count, 'STREAMS', sessionKeys(id).events, after));
    const entries = reply?.[0]?.[1] ?? [];
    return entries.flatMap(([eventId, fields]) => decodeEvent(eventId, fields) ?? []);
  }

  /**
   * Asks something of the replica that holds the session; `CommandInbox` is its other end. The stream keeps about the
   * last 100 commands.
   * @throws {NotFoundError} `session.not-found`
   */
  async command(id: string, command: SessionCommand): Promise<void> {
    const keys = scriptKeys(id);
    const entry = await askRedis(() => this.#redis.parleyCommand(...keys, this.#ttlMs, encodeCommand(command)));
    if (entry === null) throw sessionNotFound(id);
  }

  /**
   * Takes the lease of a session, for a time by the clock of Redis. From then on the session is looked after, until it is
   * over: see {@link watch}.
   * @returns true when it was free or is ours already
   */
  async claim(id: string, owner: string, leaseMs: number): Promise<boolean> {
    const claim = () => this.#redis.parleyClaim(...scriptKeys(id), this.#ttlMs, owner, leaseMs);
    if ((await askRedis(claim)) === 0) return false;
    await this.watch(id, leaseMs);
    return true;
  }

  /** Keeps the lease. One that has run out is taken up again, unless somebody else has had the session since. */
  async renew(id: string, owner: string, leaseMs: number): Promise<Renewal> {
    const keys = sessionKeys(id);
    const renew = () => this.#redis.parleyRenew(keys.session, keys.owner, this.#ttlMs, owner, leaseMs);
    const outcome = await askRedis(renew);
    if (outcome === KEYS_AGE) await askRedis(() => this.#redis.parleyKeep(...scriptKeys(id), this.#ttlMs));
    if (outcome === NO_SESSION) return 'gone';
    return outcome === LEASE_LOST ? 'lost' : 'held';
  }

  /**
   * Gives the lease up, if it is still this owner's. What that owner writes later does not land.
   * @param goneMs for how long he has been gone, where another one gives it up in his place
   * @returns whether it was
   */
  async release(id: string, owner: string, goneMs = 0): Promise<boolean> {
    return (await askRedis(() => this.#redis.parleyRelease(...scriptKeys(id), owner, Math.round(goneMs)))) === 1;
  }

  /** The replica that holds the session, if one does. */
  async owner(id: string): Promise<string | undefined> {
    return (await readRedis(() => this.#redis.get(sessionKeys(id).owner))) ?? undefined;
  }

  /** For how much longer the session is held, unless its lease is renewed; undefined where nobody holds it. */
  async leaseLeftMs(id: string): Promise<number | undefined> {
    const leftMs = await askRedis(() => this.#redis.pttl(sessionKeys(id).owner));
    return leftMs < 0 ? undefined : leftMs;
  }

  /** Has this session looked after in `inMs`, and again until it is over: see `CallSweep`. */
  watch(id: string, inMs: number): Promise<void> {
    return this.watched.add(id, inMs);
  }

  /**
   * For how long nobody has held this session, from the first time that this was asked on. By the clock of Redis.
   * @returns undefined where somebody does hold it, or there is no such session
   */
  async silence(id: string): Promise<Silence | undefined> {
    const [silent, forMs, wasHeld] = await askRedis(() => this.#redis.parleySilence(...scriptKeys(id)));
    return silent === 1 ? { forMs: Number(forMs), everHeld: wasHeld === 1 } : undefined;
  }

  /** Writes a value and reads it back: a Redis that answers and takes no write is of no use. @returns what was read */
  async echo(value: string): Promise<string | null> {
    const key = `${PROBE_KEY}:${value}`;
    return readRedis(async () => {
      await this.#redis.set(key, value, 'PX', PROBE_TTL_MS);
      return this.#redis.get(key);
    });
  }

  /**
   * Makes a change that may move a session to another status, and keeps the lists of sessions by it: no list misses the
   * session at any time, wherever this breaks off.
   * @param status that it is moved to
   */
  async moving<Outcome>(
    before: Session | undefined,
    status: SessionStatus | undefined,
    change: () => Promise<Outcome>,
    isMade: (outcome: Outcome) => boolean,
  ): Promise<Outcome> {
    if (before === undefined || status === undefined || before.status === status) return change();
    await askRedis(() => this.#index.enter(status, before.id, before.createdAt));
    const outcome = await change();
    if (isMade(outcome)) await askRedis(() => this.#index.leave(before.status, before.id, before.createdAt));
    return outcome;
  }

  async #tryPatch(
    id: string,
    version: number,
    fields: SessionPatch,
    before: Session | undefined,
  ): Promise<{ changed: boolean; session: Session }> {
    const keys = scriptKeys(id);
    const encoded = encodeSession(fields);
    const patch = () => askRedis(() => this.#redis.parleyPatch(...keys, this.#ttlMs, version, ...encoded));
    const [changed, hash] = await this.moving(before, fields.status, patch, ([made]) => made === 1);
    if (hash.length === 0) throw sessionNotFound(id);
    return { changed: changed === 1, session: decodeSession(id, asRecord(hash)) };
  }

  #bindCall(callConnectionId: string, sessionId: string): Promise<string> {
    return askRedis(() => this.#redis.parleyBind(callKey(callConnectionId), this.#ttlMs + DAY_MS, sessionId));
  }

  async #enterIndex(session: Session): Promise<void> {
    const { id, status, createdAt } = session;
    await askRedis(() => Promise.all([this.#index.add(session), this.#index.enter(status, id, createdAt)]));
  }
}

/** Whoever speaks for a session hears its call: that it has connected may have been told while Redis was away. */
const standingNow = (session: Session, nowMs: number): Session =>
  standsNotYet(session) ? { ...session, status: 'connected', connectedAt: session.connectedAt ?? nowMs } : session;

const standsNotYet = ({ status }: Session): boolean => status === 'initiating' || status === 'ringing';

const otherIdsOf = ({ serverCallId, correlationId }: Session): Omit<CallIds, 'callConnectionId'> => ({
  ...(serverCallId !== undefined && { serverCallId }),
  ...(correlationId !== undefined && { correlationId }),
});
