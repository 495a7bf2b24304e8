import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import { DependencyError, ParleyError } from '../errors.ts';

export interface AcsTokenOptions {
  /** Where ACS publishes its signing keys. */
  readonly jwksUrl: string;
  readonly issuer: string;
  /** The ACS resource's immutable id. */
  readonly audience: string;
  readonly clock: Clock;
}

/** What a token of ACS says that is of use here. Times are seconds since 1970. */
export interface AcsToken {
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

/** The token is missing, forged, stale or meant for somebody else. Answer 401. */
export class TokenError extends ParleyError {
  constructor(
    code: 'auth.token-missing' | 'auth.token-expired' | 'auth.token-invalid',
    message: string,
    cause?: unknown,
  ) {
    super(code, message, { cause });
  }
}

const CLOCK_TOLERANCE_SECONDS = 60;
const KEYS_TIMEOUT_MS = 3_000;
/** How often an unknown key id may make us ask for the keys again: rotation heals soon, a flood of forgeries costs little. */
const KEYS_COOLDOWN_MS = 5_000;
/** After this the keys are fetched anew, behind the back of whoever is asking. */
const KEYS_FRESH_MS = 600_000;
/** How soon that is tried again while it fails. */
const KEYS_RETRY_MS = 30_000;
/** Keys that could not be fetched anew for so long are not believed any more: one of them may have been withdrawn. */
const KEYS_KEPT_MS = 86_400_000;

/**
 * Checks the tokens that ACS sends with each callback (they live 5 minutes) and with the upgrade of each media socket
 * (24 hours): RS256 by a published key, the issuer, this resource as the audience, and the time.
 * (https://learn.microsoft.com/azure/communication-services/how-tos/call-automation/secure-webhook-endpoint)
 */
export class AcsTokenVerifier {
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #clock: Clock;
  /** When the keys were fetched last, and when they are to be fetched again. */
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  readonly #issuer: string;
  readonly #audience: string;

  constructor(options: AcsTokenOptions) {
    this.#keys = createRemoteJWKSet(new URL(options.jwksUrl), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
      // Old keys are better than none while their server is away; `#freshen` sees to it that they are renewed.
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
    this.#clock = options.clock;
    this.#issuer = options.issuer;
    this.#audience = options.audience;
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @throws {TokenError} the sender has not proved to be ACS
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined): Promise<AcsToken> {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new TokenError('auth.token-missing', 'Send the token of ACS as "Authorization: Bearer <token>".');
    }
    await this.ready();
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#issuer,
        audience: this.#audience,
        // Without the list a token signed with HS256 and the public key as its secret might pass.
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.wallMs()),
      });
      return { issuedAt: payload.iat, expiresAt: payload.exp };
    } catch (error) {
      throw tokenErrorOf(error);
    }
  }

  /**
   * Resolves when there are keys to check a token with. Keys that are older than they should be will do, for a day, while
   * new ones cannot be fetched.
   * @throws {DependencyError} `auth.keys-unavailable`
   */
  async ready(): Promise<void> {
    const nowMs = this.#clock.now();
    const usable = nowMs - this.#fetchedAtMs < KEYS_KEPT_MS;
    if (usable && nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + KEYS_RETRY_MS;
    const fetched = this.#keys.reload().then(() => {
      this.#fetchedAtMs = this.#clock.now();
      this.#dueAtMs = this.#fetchedAtMs + KEYS_FRESH_MS;
    });
    try {
      // Nobody waits for new keys while the old ones do.
      if (usable) fetched.catch(() => {});
      else await fetched;
    } catch (error) {
      throw keysUnavailable(error);
    }
  }
}

const keysUnavailable = (cause: unknown) =>
  new DependencyError(
    'auth.keys-unavailable',
    'The signing keys of ACS could not be fetched; check ACS_JWKS_URL and that it can be reached.',
    cause,
  );

function tokenErrorOf(error: unknown): ParleyError {
  if (error instanceof errors.JWTExpired) {
    return new TokenError('auth.token-expired', 'The token has expired; send a fresh one.', error);
  }
  // jose raises its bare base class when the keys' address answers with anything but 200 and JSON.
  const keysFailed =
    !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
  if (keysFailed) return keysUnavailable(error);
  return new TokenError('auth.token-invalid', 'The token is not one of ACS for this resource.', error);
}
