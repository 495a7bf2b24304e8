import { DependencyError, ParleyError } from '../errors.ts';
import type { HistoryItem } from './history.ts';
import { scriptKeys, sessionKeys } from './keys.ts';
import { CHANGED, HISTORY_GAP, LEASE_LOST, NO_SESSION, OLD_HISTORY, type ScriptedRedis } from './scripts.ts';
import type { NewEvent, SessionPatch, SessionStatus } from './session.ts';
import { encodeEvent, encodeHistory, encodeSession, indexedAs, parseOldHistory, SCHEMA } from './session-codec.ts';
import { askRedis, leaseLost, readRedis, sessionNotFound } from './session-errors.ts';
import type { SessionIndex } from './session-index.ts';

/** What one moment changes in a session. */
export interface SessionWrite {
  readonly patch?: SessionPatch | undefined;
  /** From item `from` on, the history reads `items` now. */
  readonly history?: { readonly from: number; readonly items: readonly HistoryItem[] } | undefined;
  readonly events?: readonly NewEvent[];
  /**
   * The number of the first of the events, from 1 on; the others follow. What its owner has numbered is added once, also where
   * he writes it again as he got no answer.
   */
  readonly number?: number | undefined;
}

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

  /**
   * All that one moment changes, in one step: nothing of it is written unless all of it is. Events are added to the session's
   * stream, which keeps about its last 1000.
   * @returns the events' ids
   * @throws {ParleyError} `session.history-gap`: fewer than `history.from` items are there; `details.length` says how many
   * @throws {RequestError} `session.not-storable`: what an event, an item or a field holds is not JSON
   */
  async write({ patch = {}, history, events = [], number = 0 }: SessionWrite): Promise<string[]> {
    const fields = encodeSession(patch);
    const items = encodeHistory(history?.items ?? []);
    const told = events.flatMap((event) => encodeEvent({ ...event, at: event.at ?? this.#wallMs() }));
    const args = [number, fields.length, ...fields, history?.from ?? -1, items.length, ...items, ...told];
    const { status } = patch;
    const before = status === undefined ? undefined : await this.#indexed();
    if (before && status) await askRedis(() => this.#index.enter(status, this.#id, before.createdAt));
    const ids = await this.#write(args);
    if (before && status !== before.status) {
      await askRedis(() => this.#index.leave(before.status, this.#id, before.createdAt));
    }
    return ids;
  }

  /** Changes the fields given, whatever the session is like by now. */
  async set(fields: SessionPatch): Promise<void> {
    await this.write({ patch: fields });
  }

  /** Adds to the session's stream; see {@link write}. @returns the events' ids */
  append(...events: readonly NewEvent[]): Promise<string[]> {
    return this.write({ events });
  }

  async #write(args: readonly (string | number)[]): Promise<string[]> {
    const keys = scriptKeys(this.#id);
    for (let attempt = 0; attempt < 3; attempt++) {
      const write = () => this.#redis.parleyWrite(...keys, this.#ttlMs, this.#owner, ...args);
      const [outcome, length, old, ...ids] = await askRedis(write);
      if (outcome !== OLD_HISTORY) {
        this.#check(outcome, length);
        return ids;
      }
      await this.#moveHistory(old);
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
