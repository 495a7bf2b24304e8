import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.ts';
import { DependencyError } from '../errors.ts';

export interface SigningKeysOptions {
  /** Where the issuer publishes them (JWKS). */
  readonly url: string;
  /** What is told while they cannot be had: whose keys they are, and which setting to check. */
  readonly unavailable: string;
  readonly clock: Clock;
}

const TIMEOUT_MS = 3_000;
/**
 * How often an unknown key id may make us ask for the keys again, whether or not they came: a rotation heals soon, and a
 * flood of forgeries asks nobody more often than this.
 */
const UNKNOWN_EVERY_MS = 5_000;
/** After this the keys are fetched anew, behind the back of whoever is asking. */
const FRESH_MS = 600_000;
/** How soon that is tried again while it fails. */
const RETRY_MS = 30_000;
/** And how soon where there are no keys to go on with. Whoever comes before is told of the failure. */
const FIRST_RETRY_MS = 1_000;
/** Keys that could not be fetched anew for so long are not believed any more: one of them may have been withdrawn. */
const KEPT_MS = 86_400_000;

/** The keys cannot be had: their address answered with something else, or not at all. */
export class KeysUnavailable extends Error {
  readonly httpStatus: number | undefined;

  constructor(httpStatus: number | undefined, cause: unknown) {
    super('The signing keys could not be fetched.', { cause });
    this.httpStatus = httpStatus;
  }
}

/** The published keys of somebody who signs tokens. */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  /** When the keys were fetched last, when they are to be fetched again, and when an unknown id made us ask. */
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #soughtAtMs = Number.NEGATIVE_INFINITY;
  #seeking: Promise<void> | undefined;
  /** Of the last fetch, where it failed. */
  #failed: { readonly cause: unknown; readonly atMs: number } | undefined;
  #lastStatus: number | undefined;

  constructor(options: SigningKeysOptions) {
    this.#options = options;
    this.#remote = createRemoteJWKSet(new URL(options.url), {
      timeoutDuration: TIMEOUT_MS,
      // When to ask is decided here: the library counts answers and not attempts, so a flood while their server is away
      // would be one request for each token.
      cooldownDuration: Number.POSITIVE_INFINITY,
      // Old keys are better than none while their server is away; `ready` sees to it that they are renewed.
      cacheMaxAge: Number.POSITIVE_INFINITY,
      // The library does not tell what was answered.
      [customFetch]: async (url, init) => {
        this.#lastStatus = undefined;
        const response = await fetch(url, init);
        this.#lastStatus = response.status;
        return response;
      },
    });
  }

  /** The key of a token, as jose asks for it. Rejects with `JWKSNoMatchingKey` where there is none. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.#remote(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#maySeek()) throw error;
      await this.#seeking;
      return this.#remote(header, token);
    }
  };

  /**
   * Resolves when there are keys to check a token with. Keys that are older than they should be will do, for a day, while
   * new ones cannot be fetched.
   * @throws {DependencyError} `auth.keys-unavailable`
   */
  async ready(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const usable = this.hasKeys;
    if (usable && nowMs < this.#dueAtMs) return;
    if (!usable && this.#failed && nowMs - this.#failed.atMs < FIRST_RETRY_MS) throw this.failure(this.#failed.cause);
    this.#dueAtMs = nowMs + RETRY_MS;
    const fetched = this.#fetch();
    try {
      // Nobody waits for new keys while the old ones do.
      if (usable) fetched.catch(() => {});
      else await fetched;
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Whether there are keys to check a token with, if old ones. */
  get hasKeys(): boolean {
    return this.#options.clock.now() - this.#fetchedAtMs < KEPT_MS;
  }

  /** Fetches the keys, whether or not there are some. @throws {KeysUnavailable} */
  async refetch(): Promise<void> {
    try {
      await this.#fetch();
    } catch (error) {
      throw new KeysUnavailable(this.#lastStatus, error);
    }
  }

  /** What it means that the keys could not be fetched. */
  failure(cause: unknown): DependencyError {
    return new DependencyError('auth.keys-unavailable', this.#options.unavailable, cause);
  }

  /** Whether keys are on their way, or may be asked for, because of a key id that nobody knows. */
  #maySeek(): boolean {
    if (this.#seeking !== undefined) return true;
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#soughtAtMs < UNKNOWN_EVERY_MS) return false;
    this.#soughtAtMs = nowMs;
    this.#seeking = this.#fetch().finally(() => {
      this.#seeking = undefined;
    });
    return true;
  }

  async #fetch(): Promise<void> {
    try {
      await this.#remote.reload();
    } catch (cause) {
      this.#failed = { cause, atMs: this.#options.clock.now() };
      throw cause;
    }
    this.#failed = undefined;
    this.#fetchedAtMs = this.#options.clock.now();
    this.#dueAtMs = this.#fetchedAtMs + FRESH_MS;
  }
}
