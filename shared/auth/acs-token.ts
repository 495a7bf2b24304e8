import { errors, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import { SigningKeys } from './signing-keys.ts';

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

/**
 * How long tokens of ACS live, in seconds: that of a callback five minutes, that of a media socket's upgrade a day. One
 * that is good for longer was made for something else: a token that leaks from a socket opens no webhook.
 * (https://learn.microsoft.com/azure/communication-services/how-tos/call-automation/secure-webhook-endpoint)
 */
const LONGEST_LIFE_SECONDS = { callback: 5 * 60, socket: 24 * 3600 } as const;
export type AcsTokenUse = keyof typeof LONGEST_LIFE_SECONDS;

const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Checks the tokens that ACS sends with each callback and with the upgrade of each media socket: RS256 by a published
 * key, the issuer, this resource as the audience, and the time. They name no call, and ACS may use one twice: what is
 * replayed is told by the call's own events and session.
 */
export class AcsTokenVerifier {
  readonly #keys: SigningKeys;
  readonly #clock: Clock;
  readonly #issuer: string;
  readonly #audience: string;

  constructor({ jwksUrl, issuer, audience, clock }: AcsTokenOptions) {
    const unavailable = 'The signing keys of ACS could not be fetched; check ACS_JWKS_URL and that it can be reached.';
    this.#keys = new SigningKeys({ url: jwksUrl, unavailable, clock });
    this.#clock = clock;
    this.#issuer = issuer;
    this.#audience = audience;
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @throws {TokenError} the sender has not proved to be ACS
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined, use: AcsTokenUse): Promise<AcsToken> {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new TokenError('auth.token-missing', 'Send the token of ACS as "Authorization: Bearer <token>".');
    }
    await this.ready();
    const { iat, exp } = await this.#claimsOf(token);
    const longestSeconds = LONGEST_LIFE_SECONDS[use] + CLOCK_TOLERANCE_SECONDS;
    if (exp === undefined || exp > this.#clock.wallMs() / 1000 + longestSeconds) {
      throw new TokenError('auth.token-invalid', `The token is good for longer than those of a ${use} are.`);
    }
    return { issuedAt: iat, expiresAt: exp };
  }

  /**
   * Resolves when there are keys to check a token with.
   * @throws {DependencyError} `auth.keys-unavailable`
   */
  ready(): Promise<void> {
    return this.#keys.ready();
  }

  /** Whether there are keys to check a token with, if old ones. */
  get hasKeys(): boolean {
    return this.#keys.hasKeys;
  }

  /** Fetches the keys, whether or not there are some. @throws {KeysUnavailable} */
  refetch(): Promise<void> {
    return this.#keys.refetch();
  }

  async #claimsOf(token: string) {
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer: this.#issuer,
        audience: this.#audience,
        // Without the list a token signed with HS256 and the public key as its secret might pass.
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.wallMs()),
      });
      return payload;
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  #errorOf(error: unknown): ParleyError {
    if (error instanceof errors.JWTExpired) {
      return new TokenError('auth.token-expired', 'The token has expired; send a fresh one.', error);
    }
    // jose raises its bare base class when the keys' address answers with anything but 200 and JSON.
    const keysFailed =
      !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
    if (keysFailed) return this.#keys.failure(error);
    return new TokenError('auth.token-invalid', 'The token is not one of ACS for this resource.', error);
  }
}
