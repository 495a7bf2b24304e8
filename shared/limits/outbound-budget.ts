import type { Redis } from 'ioredis';
import { TRANSFERRED } from '../calls/end-reasons.ts';
import type { Clock } from '../clock.ts';
import type { Session } from '../sessions/session.ts';
import { DAY_MS, MINUTE_MS, WindowCounter } from './window-counter.ts';

/** The name of the counter, and its one key. */
export const BUDGET = { name: 'outbound:budget', key: 'all' } as const;

/** A session is created so soon after its call was counted. */
const CREATED_WITHIN_MS = 60_000;

/**
 * Gives back what a call that is over has not used of its price, which was counted for the longest that it may last. What a
 * minute costs stands in its session, so that any process can do this.
 */
export class OutboundBudget {
  readonly #counter: WindowCounter;
  readonly #clock: Clock;
  readonly #longestMinutes: number;

  constructor({ redis, clock, maxCallMs }: { redis: Redis; clock: Clock; maxCallMs: number }) {
    this.#clock = clock;
    this.#counter = new WindowCounter({ redis, clock, name: BUDGET.name, limit: 0, windowMs: DAY_MS });
    this.#longestMinutes = minutesOf(maxCallMs);
  }

  /**
   * Once for each call, however often it is asked for.
   * @throws {DependencyError} `redis.unavailable`, `redis.refused`
   */
  async settle(session: Session): Promise<void> {
    const { id, status, createdAt, endedAt, endReason, minutePrice } = session;
    // It goes on without us, and nobody tells until when.
    if (endReason === TRANSFERRED) return;
    // Created just after midnight, it may have been counted on the day before: what is not certain stays counted.
    if (minutePrice === undefined || dayOf(createdAt) !== dayOf(createdAt - CREATED_WITHIN_MS)) return;
    // Events have no order: a call may have been answered though nobody has said so yet. One that failed was not.
    const connectedAt = session.connectedAt ?? (status === 'failed' ? undefined : createdAt);
    // Where nobody took it for placed, it may be on record as over from before it was answered.
    const usedMs = connectedAt === undefined ? 0 : Math.max(1, (endedAt ?? this.#clock.wallMs()) - connectedAt);
    const unused = Math.max(0, this.#longestMinutes - minutesOf(usedMs));
    await this.#counter.takeBackOnce(BUDGET.key, minutePrice * unused, createdAt, id);
  }
}

export const minutesOf = (ms: number): number => Math.ceil(ms / MINUTE_MS);

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);
