import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import type { TypedEvents } from '../typed-events.ts';
import { type Attempt, Breaker, type BreakerOptions, type ProviderEvents } from './breaker.ts';

/** So long after its usual time a provider is late, and another one is asked beside it: callers are promised a sound in 3 s. */
const LATE_MS = 1_200;
const REMEMBERED = 15;

export interface ProviderOptions<Service> extends BreakerOptions {
  readonly service: Service;
  /** What it takes to its first sign of an answer, until that has been seen. */
  readonly usualMs?: number;
  readonly lateMs?: number;
}

/** Somebody who does a kind of work for us: a model, a voice, a recogniser; and how it has done of late. */
export class Provider<Service> {
  readonly name: string;
  readonly service: Service;
  readonly breaker: Breaker;
  readonly #lateMs: number;
  readonly #usualMs: number;
  readonly #recentMs: number[] = [];

  constructor(options: ProviderOptions<Service>) {
    this.name = options.provider;
    this.service = options.service;
    this.breaker = new Breaker(options);
    this.#usualMs = options.usualMs ?? 800;
    this.#lateMs = options.lateMs ?? LATE_MS;
  }

  /** How long an answer is waited for before another provider is asked, too: the median of late, and some more. */
  get patienceMs(): number {
    const inOrder = this.#recentMs.toSorted((a, b) => a - b);
    return (inOrder[Math.floor(inOrder.length / 2)] ?? this.#usualMs) + this.#lateMs;
  }

  /** An answer has begun, so long after it was asked for. */
  took(ms: number): void {
    this.#recentMs.push(ms);
    if (this.#recentMs.length > REMEMBERED) this.#recentMs.shift();
  }
}

/** A provider that lets a request in. */
export interface Entered<Service> {
  readonly provider: Provider<Service>;
  readonly attempt: Attempt;
}

/** Those who can do a kind of work, in the order in which they are wanted: the first does it as long as it can. */
export class Providers<Service> {
  readonly all: readonly [Provider<Service>, ...Provider<Service>[]];
  readonly #events: TypedEvents<ProviderEvents> | undefined;

  constructor(all: readonly [Provider<Service>, ...Provider<Service>[]], events?: TypedEvents<ProviderEvents>) {
    this.all = all;
    this.#events = events;
  }

  /** The first that may be asked now, of those that were not `tried`; undefined where there is none. */
  enter(tried: ReadonlySet<Provider<Service>> = new Set()): Entered<Service> | undefined {
    for (const provider of this.all) {
      const attempt = tried.has(provider) ? undefined : provider.breaker.enter();
      if (attempt) return { provider, attempt };
    }
    return undefined;
  }

  /** Whether somebody else may be asked now. */
  hasOther(than: Provider<Service>): boolean {
    return this.all.some((provider) => provider !== than && provider.breaker.waitMs === 0);
  }

  /** When somebody may be asked, from now; 0: at once. */
  get waitMs(): number {
    return Math.min(...this.all.map(({ breaker }) => breaker.waitMs));
  }

  /** @param code why; undefined where the first was only late */
  switched(from: Provider<Service>, to: Provider<Service>, code: ErrorCode | undefined): void {
    this.#events?.emit('switched', { from: from.name, to: to.name, code });
  }
}

/** The only one, which is asked whatever it did before. */
export const onlyProvider = <Service>(provider: string, service: Service, clock: Clock): Providers<Service> =>
  new Providers([new Provider({ provider, service, clock, random: () => 0.5, failures: Number.POSITIVE_INFINITY })]);
