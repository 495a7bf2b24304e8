import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import { ParleyError } from '../errors.ts';
import { type BreakerState, type Check, CheckFailure } from '../health/check.ts';
import type { TypedEvents } from '../typed-events.ts';

/** What happens to the providers of a process, for logs and metrics. Nothing of it names a call. */
export type ProviderEvents = {
  /** It has failed so often that calls do not ask it now. Told once, however often it is tried whether it works again. */
  away: [{ readonly provider: string; readonly code?: ErrorCode | undefined }];
  /** It works again. */
  back: [{ readonly provider: string }];
  /** A call's request was given to another provider: `code` says why; undefined where the first was only late. */
  switched: [{ readonly from: string; readonly to: string; readonly code?: ErrorCode | undefined }];
};

export interface BreakerOptions {
  readonly provider: string;
  readonly clock: Clock;
  /** Between 0 and 1, for the jitter of pauses. */
  readonly random: () => number;
  readonly events?: TypedEvents<ProviderEvents> | undefined;
  /** So many failures in a row, of all calls together, open it. */
  readonly failures?: number;
}

/** One request that was let in. Its outcome is told once; what is told later counts for nothing. */
export interface Attempt {
  worked(): void;
  failed(code?: ErrorCode): void;
  /** Nobody wanted the answer any more: it says nothing of the provider. */
  dropped(): void;
}

const FAILURES = 3;
/** A caller waits: whether it works again is tried soon, and every five seconds in the end. */
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;
/** A request that was to find out, and has found nothing for so long, keeps no other from doing it. */
const PROBE_MS = 10_000;
/** How soon whoever was not let in may ask again, while another one finds out. */
const ASK_AGAIN_MS = 250;

type State =
  | { readonly name: 'closed'; readonly failures: number }
  | { readonly name: 'open'; readonly untilMs: number; readonly pauseMs: number }
  /** One request is out to see. */
  | { readonly name: 'probing'; readonly probe: object; readonly untilMs: number; readonly pauseMs: number };

/**
 * Keeps calls from waiting for a provider that has failed several times in a row: they are told at once, or ask another
 * one. After a pause, which doubles with jitter, one request of a call is let in to see whether it works again; the
 * background check sees it, too. One for each provider of a process, shared by all calls.
 *
 * Not of a library: they go by the system's time, let a second call wait for the first one's probe, and take a probe that
 * nobody waited for as one that worked.
 */
export class Breaker {
  readonly provider: string;
  readonly #options: BreakerOptions;
  readonly #mostFailures: number;
  #state: State = { name: 'closed', failures: 0 };

  constructor(options: BreakerOptions) {
    this.provider = options.provider;
    this.#options = options;
    this.#mostFailures = options.failures ?? FAILURES;
  }

  get state(): BreakerState {
    return this.#state.name;
  }

  /** When a request may be let in, from now; 0: at once. */
  get waitMs(): number {
    if (this.#state.name === 'closed') return 0;
    const leftMs = Math.max(0, this.#state.untilMs - this.#options.clock.now());
    return this.#state.name === 'open' ? leftMs : Math.min(leftMs, ASK_AGAIN_MS);
  }

  /** Lets a request in; undefined where the provider is not to be asked now. */
  enter(): Attempt | undefined {
    const state = this.#state;
    const nowMs = this.#options.clock.now();
    const probe = {};
    if (state.name !== 'closed') {
      if (nowMs < state.untilMs) return undefined;
      this.#state = { name: 'probing', probe, untilMs: nowMs + PROBE_MS, pauseMs: state.pauseMs };
    }
    let isTold = false;
    const once = (tell: () => void) => {
      if (!isTold) tell();
      isTold = true;
    };
    return {
      worked: () => once(() => this.#worked()),
      failed: (code) => once(() => this.#failed(code, probe)),
      dropped: () => once(() => this.#dropped(probe)),
    };
  }

  /**
   * The same check, whose findings count as those of a call do. It is asked whether or not calls are let in. What did not
   * do real work proves nothing; so it is asked to, while calls are kept out.
   */
  watch(check: Check): Check {
    return async ({ signal, thorough: isDue }) => {
      const thorough = isDue || this.#state.name !== 'closed';
      try {
        const seen = await check({ signal, thorough });
        if (thorough) this.#worked();
        return seen;
      } catch (error) {
        const isNamed = error instanceof ParleyError || error instanceof CheckFailure;
        this.#failed(isNamed ? error.code : undefined, undefined);
        throw error;
      }
    };
  }

  #worked(): void {
    const wasAway = this.#state.name !== 'closed';
    this.#state = { name: 'closed', failures: 0 };
    if (wasAway) this.#options.events?.emit('back', { provider: this.provider });
  }

  #failed(code: ErrorCode | undefined, probe: object | undefined): void {
    const state = this.#state;
    if (state.name === 'closed') {
      const failures = state.failures + 1;
      if (failures < this.#mostFailures) {
        this.#state = { name: 'closed', failures };
        return;
      }
      this.#open(MIN_PAUSE_MS);
      this.#options.events?.emit('away', { provider: this.provider, code });
    } else if (state.name === 'probing' && state.probe === probe) {
      this.#open(Math.min(state.pauseMs * 2, MAX_PAUSE_MS));
    }
  }

  #dropped(probe: object): void {
    const state = this.#state;
    if (state.name !== 'probing' || state.probe !== probe) return;
    this.#state = { name: 'open', untilMs: this.#options.clock.now(), pauseMs: state.pauseMs };
  }

  #open(pauseMs: number): void {
    const { clock, random } = this.#options;
    this.#state = { name: 'open', untilMs: clock.now() + pauseMs * (0.5 + random() / 2), pauseMs };
  }
}
