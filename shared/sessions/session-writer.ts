import { DependencyError, ParleyError } from '../errors.ts';
import type { HistoryItem } from './history.ts';
import { scriptKeys, sessionKeys } from './keys.ts';
import { CHANGED, HISTORY_GAP, LEASE_LOST, NO_SESSION, OLD_HISTORY, type ScriptedRedis } from './scripts.ts';
import type { NewEvent, SessionPatch, SessionStatus } from './session.ts';
import { encodeEvent, encodeHistory, encodeSession, indexedAs, parseOldHistory, SCHEMA } from './session-codec.ts';
import { askRedis, leaseLost, readRedis, sessionNotFound } from './session-errors.ts';
import type { SessionIndex } from './session-index.ts';

interface WriterOptions {
  readonly index: SessionIndex;
  readonly ttlMs: number;
  readonly wallMs: () => number;
}

/**
 * Writes to one session without having read it. Each write of an owner is checked against the lease in the same step:
 * what a replica still has on its way after another one took the session over does not land. A lease that merely ran
 * out, and that nobody has had since, is no obstacle.
 *
 * Every method may fail with `session.lease-lost` (409), `session.not-found` (404), and as `SessionStore` says.
 */
export class SessionWriter {
  readonly #redis: ScriptedRedis;
  readonly #id: string;
  readonly #owner: string;
  readonly #index: SessionIndex;
  readonly #ttlMs: number;
  readonly #wallMs: () => number;

  /**
   * Use `SessionStore.owned`.
   * @param owner empty for a function, which owns nothing and may always write
   */
  constructor(redis: ScriptedRedis, id: string, owner: string, options: WriterOptions) {
    this.#redis = redis;
    this.#id = id;
    this.#owner = owner;
    this.#index = options.index;
    this.#ttlMs = options.ttlMs;
    this.#wallMs = options.wallMs;
  }

  /** Changes the fields given, whatever the session is like by now. */
  async set(fields: SessionPatch): Promise<void> {
    const encoded = encodeSession(fields);
    const keys = scriptKeys(this.#id);
    const before = fields.status === undefined ? undefined : await this.#indexed();
    const { status } = fields;
    if (before && status) await askRedis(() => this.#index.enter(status, this.#id, before.createdAt));
    this.#check(await askRedis(() => this.#redis.parleySet(...keys, this.#ttlMs, this.#owner, ...encoded)));
    if (before && fields.status !== before.status) {
      await askRedis(() => this.#index.leave(before.status, this.#id, before.createdAt));
    }
  }

  /**
   * Adds to the session's stream, which keeps about its last 1000 events; all of them in one step.
   * @returns the events' ids
   * @throws {RequestError} `session.not-storable`: what an event holds is not JSON
   */
  async append(...events: readonly NewEvent[]): Promise<string[]> {
    const encoded = events.flatMap((event) => encodeEvent({ ...event, at: event.at ?? this.#wallMs() }));
    const keys = scriptKeys(this.#id);
    const append = () => this.#redis.parleyAppend(...keys, this.#ttlMs, this.#owner, ...encoded);
    const [outcome, ...ids] = await askRedis(append);
    this.#check(outcome);
    return ids;
  }

  /**
   * Cuts the history to its first `from` items and adds `items`, in one step. The same again changes nothing.
   * @throws {ParleyError} `session.history-gap`: fewer than `from` items are there; `details.length` says how many
   * @throws {RequestError} `session.not-storable`: what an item holds is not JSON
   */
  async writeHistory(from: number, items: readonly HistoryItem[]): Promise<void> {
    const encoded = encodeHistory(items);
    const keys = scriptKeys(this.#id);
    for (let attempt = 0; attempt < 3; attempt++) {
      const write = () => this.#redis.parleyWriteHistory(...keys, this.#ttlMs, this.#owner, from, ...encoded);
      const [outcome, length, old] = await askRedis(write);
      if (outcome !== OLD_HISTORY) return this.#check(outcome, length);
      await this.#moveHistory(old ?? '');
    }
    throw new DependencyError('redis.refused', 'An older release writes this history too; try again');
  }

  async #moveHistory(old: string): Promise<void> {
    const items = encodeHistory(parseOldHistory(this.#id, old));
    const keys = scriptKeys(this.#id);
    await askRedis(() => this.#redis.parleyMoveHistory(...keys, this.#ttlMs, SCHEMA, old, ...items));
  }

  /** Where the session stands in the lists; undefined where there is none. */
  async #indexed(): Promise<{ status: SessionStatus; createdAt: number } | undefined> {
    const { session } = sessionKeys(this.#id);
    const [status, createdAt] = await readRedis(() => this.#redis.hmget(session, 'status', 'createdAt'));
    return indexedAs(status, createdAt);
  }

  #check(outcome: number, length = 0): void {
    if (outcome === CHANGED) return;
    if (outcome === NO_SESSION) throw sessionNotFound(this.#id);
    if (outcome === LEASE_LOST) throw leaseLost(this.#id);
    if (outcome === HISTORY_GAP) {
      throw new ParleyError('session.history-gap', `The history has ${length} items; write from there on`, {
        details: { length },
      });
    }
  }
}
