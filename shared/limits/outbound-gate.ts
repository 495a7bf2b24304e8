import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { type CodeOf, ERROR_CODES } from '../error-codes.ts';
import { messageOf, ParleyError, TooMuchError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { OutboundSettings } from '../settings/outbound-settings.ts';
import { BUDGET, minutesOf } from './outbound-budget.ts';
import { type NumberRules, requireCallable } from './outbound-numbers.ts';
import { millionthsOf, type OutboundPrices } from './outbound-prices.ts';
import { DAY_MS, MINUTE_MS, WindowCounter } from './window-counter.ts';

export interface OutboundGateOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly settings: OutboundSettings & { readonly MAX_CALL_MS: number };
  /** Of the file OUTBOUND_PRICES; goes with OUTBOUND_BUDGET_PER_DAY. */
  readonly prices: OutboundPrices | undefined;
  /** Whether calls go to the emulator, where fictitious numbers are good. */
  readonly emulated: boolean;
}

export interface WantedCall {
  /** E.164. */
  readonly number: string;
  /** Who wants it; see `Caller`. */
  readonly client: string;
  /**
   * Somebody is rung into a call that stands. Whoever is in it wants him, so a toll-free number is good, and a desk to which
   * many are put through has no limit of its own.
   */
  readonly intoCall?: boolean;
}

/** A call that may be placed, and is counted as if it were. */
export interface Admission {
  /** It was not placed. Never rejects: what cannot be taken back stays counted until its window ends. */
  takeBack(log: Logger): Promise<void>;
}

interface Count {
  readonly code: CodeOf<429>;
  readonly counter: WindowCounter;
  readonly key: string;
  readonly points: number;
}

interface Budget {
  readonly prices: OutboundPrices;
  readonly counter: WindowCounter;
  readonly longestMinutes: number;
}

const ALL = 'all';

/**
 * The one gate that every call goes through before it is placed, whoever wants it, and every telephone that the API has
 * rung into a call that stands: what is never called, and how much may be called by a client, to a number, in a minute, in a
 * day and for how much. Counted in Redis, over all hosts: while Redis is away nothing is placed, because a limit that nobody
 * counts would be open.
 *
 * A call's price is counted for the longest that it may last, and what it did not use is given back when it is over: so
 * the budget of a day is never exceeded. (`OutboundBudget`)
 */
export class OutboundGate {
  readonly #clock: Clock;
  readonly #rules: NumberRules;
  readonly #perClient: WindowCounter;
  readonly #perMinute: WindowCounter;
  readonly #perNumber: WindowCounter;
  readonly #perDay: WindowCounter;
  readonly #budget: Budget | undefined;

  constructor({ redis, clock, settings, prices, emulated }: OutboundGateOptions) {
    const { OUTBOUND_COUNTRIES: countries, OUTBOUND_BUDGET_PER_DAY: budget } = settings;
    const counter = (name: string, limit: number, windowMs: number) =>
      new WindowCounter({ redis, clock, name: `outbound:${name}`, limit, windowMs });
    this.#clock = clock;
    this.#rules = { countries: countries && new Set(countries), fictitious: emulated };
    this.#perClient = counter('client', settings.OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE, MINUTE_MS);
    this.#perMinute = counter('minute', settings.OUTBOUND_CALLS_PER_MINUTE, MINUTE_MS);
    this.#perNumber = counter('number', settings.OUTBOUND_CALLS_PER_NUMBER_PER_DAY, DAY_MS);
    this.#perDay = counter('day', settings.OUTBOUND_CALLS_PER_DAY, DAY_MS);
    if (prices !== undefined && budget !== undefined) {
      this.#budget = {
        prices,
        counter: new WindowCounter({ redis, clock, ...BUDGET, limit: millionthsOf(budget), windowMs: DAY_MS }),
        longestMinutes: minutesOf(settings.MAX_CALL_MS),
      };
    }
  }

  /**
   * Lets a call pass, and counts it.
   * @throws {ParleyError} status 403: it is never placed
   * @throws {TooMuchError} status 429: it would be too much now
   * @throws {DependencyError} `redis.unavailable`, `redis.refused`: it cannot be counted
   */
  async admit(wanted: WantedCall): Promise<Admission> {
    requireCallable(wanted.number, { ...this.#rules, tollFree: wanted.intoCall });
    const atMs = this.#clock.wallMs();
    const counted: Count[] = [];
    const takeBack = async () => {
      for (const { counter, key, points } of counted.splice(0)) await counter.takeBack(key, points, atMs);
    };
    try {
      for (const count of this.#countsOf(wanted)) {
        const waitMs = await count.counter.add(count.key, count.points, atMs);
        // What was not answered stays counted, if it was.
        counted.push(count);
        if (waitMs !== undefined) throw tooMuch(count.code, waitMs);
      }
    } catch (error) {
      await takeBack().catch(() => {});
      throw error;
    }
    return {
      takeBack: (log) =>
        takeBack().catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'a call that was not placed stays counted until its window ends');
        }),
    };
  }

  /** What a minute to this number costs, in millionths, where a budget is kept: for `OutboundBudget`. */
  minutePrice(number: string): number | undefined {
    return this.#budget?.prices.perMinute(number);
  }

  /** From the narrowest to the widest, so that one client or number leaves room for the others. */
  #countsOf({ number, client, intoCall }: WantedCall): Count[] {
    // Hashed, because tools show lists of keys.
    const callee = createHash('sha256').update(number).digest('base64url');
    const perNumber: Count[] = [{ code: 'outbound.number-per-day', counter: this.#perNumber, key: callee, points: 1 }];
    const counts: Count[] = [
      { code: 'outbound.client-per-minute', counter: this.#perClient, key: client, points: 1 },
      ...(intoCall ? [] : perNumber),
      { code: 'outbound.per-minute', counter: this.#perMinute, key: ALL, points: 1 },
      { code: 'outbound.per-day', counter: this.#perDay, key: ALL, points: 1 },
    ];
    if (this.#budget === undefined) return counts;
    const { prices, counter, longestMinutes } = this.#budget;
    const perMinute = prices.perMinute(number);
    if (perMinute === undefined) {
      throw new ParleyError('outbound.price-unknown', 'OUTBOUND_PRICES has no price for this number.');
    }
    return [...counts, { code: 'outbound.budget', counter, key: BUDGET.key, points: perMinute * longestMinutes }];
  }
}

function tooMuch(code: Count['code'], waitMs: number): TooMuchError {
  const { meaning, remedy } = ERROR_CODES[code];
  return new TooMuchError(code, `${meaning} ${remedy}`, waitMs);
}
