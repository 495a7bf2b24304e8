import type { Cancel, Clock } from '../clock.ts';
import { DependencyError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { within } from '../within.ts';

/** A token as the Azure SDKs have it. */
export interface AccessToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
}

/** Asks whoever issues tokens for a new one. */
export type FetchToken = (scope: string) => Promise<AccessToken>;

export interface TokenSourceOptions {
  readonly scope: string;
  readonly fetchToken: FetchToken;
  readonly clock: Clock;
  readonly log: Logger;
}

const AHEAD_MS = 5 * 60_000;
const SHORTEST_WAIT_MS = 500;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
/** A chain of credentials tells of every link. */
const LONGEST_REASON = 300;

/**
 * The tokens of one scope: one is held, and the next is asked for ahead of its end, by five minutes or by a third of its
 * life, whichever is less. There is one request at a time, whoever waits for it. Where a renewal fails, the old token
 * serves until it expires, and it is tried again after 1, 2, 4, 8, 10, 10 … seconds; what fails is told in the log.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #listeners = new Set<(token: AccessToken) => void>();
  #held: AccessToken | undefined;
  #asking: Promise<AccessToken> | undefined;
  /** Of the last request, where it failed. The next one is due. */
  #failure: DependencyError | undefined;
  #failures = 0;
  #told: 'nothing' | 'late' | 'gone' = 'nothing';
  #cancelNext: Cancel = () => undefined;
  #closed = false;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** The token that is held, where there is one and it has not expired. */
  get current(): AccessToken | undefined {
    const held = this.#held;
    return held && held.expiresOnTimestamp > this.#options.clock.wallMs() ? held : undefined;
  }

  /**
   * A token that has not expired. Who comes between a failed request and the next one is told of the failure at once.
   * @throws {DependencyError} `identity.no-token`
   */
  get(): Promise<AccessToken> {
    const held = this.current;
    if (held) return Promise.resolve(held);
    if (this.#asking) return this.#asking;
    return this.#failure ? Promise.reject(this.#failure) : this.#ask();
  }

  /** Calls back with each new token, the first one among them. The returned function ends that. */
  onRenewed(listener: (token: AccessToken) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Renews no more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelNext();
    this.#listeners.clear();
  }

  #ask(): Promise<AccessToken> {
    this.#cancelNext();
    this.#asking ??= this.#fetch().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #fetch(): Promise<AccessToken> {
    const { scope, fetchToken, clock } = this.#options;
    try {
      const token = await within(clock, ANSWER_WITHIN_MS, fetchToken(scope), () => {
        throw new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`);
      });
      if (token.expiresOnTimestamp <= clock.wallMs()) throw new Error('the token that came has expired already');
      this.#take(token);
      return token;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  #take(token: AccessToken): void {
    const { scope, clock, log } = this.#options;
    const isNew = token.token !== this.#held?.token;
    this.#held = token;
    const leftMs = token.expiresOnTimestamp - clock.wallMs();
    // Who keeps tokens for us (the platform, the SDK) may give the old one again, until it is nearer to its end.
    this.#next(isNew ? leftMs - Math.min(AHEAD_MS, leftMs / 3) : Math.max(FIRST_RETRY_MS, leftMs / 2));
    if (this.#told !== 'nothing') log.info({ scope }, 'there are tokens of the identity again');
    this.#told = 'nothing';
    this.#failure = undefined;
    this.#failures = 0;
    if (!isNew) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(token);
      } catch (error) {
        log.error({ scope, err: error }, 'a listener for renewed tokens threw');
      }
    }
  }

  #failed(thrown: unknown): DependencyError {
    const { scope, clock, log } = this.#options;
    const reason = messageOf(thrown).replace(/\s+/g, ' ').slice(0, LONGEST_REASON);
    const message =
      `There is no token for ${scope}: ${reason}. ` +
      'Give the process a managed identity, named by AZURE_CLIENT_ID where it has several, or set the key of the service.';
    const failure = new DependencyError('identity.no-token', message, thrown);
    this.#failure = failure;
    const { current } = this;
    const state = current ? 'late' : 'gone';
    if (this.#told !== state) {
      this.#told = state;
      if (current) {
        const leftMs = Math.round(current.expiresOnTimestamp - clock.wallMs());
        log.warn(
          { scope, reason, leftMs },
          'a token of the identity could not be renewed; the old one serves until it expires',
        );
      } else log.error({ scope, reason }, 'there is no token of the identity');
    }
    this.#next(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10)));
    return failure;
  }

  #next(delayMs: number): void {
    this.#cancelNext();
    if (this.#closed) return;
    this.#cancelNext = this.#options.clock.after(Math.max(SHORTEST_WAIT_MS, delayMs), () => {
      // Told by #failed.
      this.#ask().catch(() => undefined);
    });
  }
}
