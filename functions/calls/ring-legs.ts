import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isOver } from '../../shared/calls/call-state.ts';
import type { IncomingCall } from '../../shared/carrier/announcement.ts';
import { DependencyError } from '../../shared/errors.ts';
import { redisFailure } from '../../shared/sessions/session-errors.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';

/** Longer than a call rings. Afterwards the same correlation id is a caller who is transferred back to us. */
const HOLD_MS = 60_000;

/**
 * One call may be announced twice, with two tickets: through Teams Phone, and wherever a call is passed on, its telephone
 * leg and that of an identity are each announced. The first one to come is answered; both have the call's correlation id.
 */
export class RingLegs {
  readonly #redis: Redis;
  readonly #store: SessionStore;

  constructor({ redis, store }: { readonly redis: Redis; readonly store: SessionStore }) {
    this.#redis = redis;
    this.#store = store;
  }

  /**
   * @param id the session of this announcement
   * @param mayRetry whether the announcement will come again
   * @returns the session of the other announcement that has the call; undefined where this one has it
   * @throws {DependencyError} `once.running`: the other one is being answered, and may fail yet
   */
  async other({ correlationId }: IncomingCall, id: string, mayRetry: boolean): Promise<string | undefined> {
    if (correlationId === undefined) return undefined;
    const key = `parley:ring-leg:${createHash('sha256').update(correlationId).digest('base64url')}`;
    const holder = await this.#claim(key, id);
    if (holder === id) return undefined;
    const session = await this.#store.get(holder);
    if (session !== undefined && isOver(session.status)) {
      await this.#ask(() => this.#redis.set(key, id, 'PX', HOLD_MS));
      return undefined;
    }
    if (session?.callConnectionId === undefined && mayRetry) {
      throw new DependencyError(
        'once.running',
        'Another announcement of this call is being answered. Deliver it again.',
      );
    }
    return holder;
  }

  async #claim(key: string, id: string): Promise<string> {
    const isFirst = await this.#ask(() => this.#redis.set(key, id, 'PX', HOLD_MS, 'NX'));
    return isFirst === 'OK' ? id : ((await this.#ask(() => this.#redis.get(key))) ?? id);
  }

  async #ask<Reply>(command: () => Promise<Reply>): Promise<Reply> {
    try {
      return await command();
    } catch (error) {
      throw redisFailure(error);
    }
  }
}
