import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import type { SigningKeys } from './signing-keys.ts';

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

export interface BearerTokensOptions {
  /** Of whoever signs. */
  readonly keys: SigningKeys;
  /** Any of these. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  /** Beside the time at which it expires. */
  readonly requiredClaims?: readonly string[];
  /** Who signs, such as "ACS". For messages. */
  readonly signer: string;
  readonly clock: Clock;
}

export const CLOCK_TOLERANCE_SECONDS = 60;
/** Longer than any token that is sent in a header (Entra's with many groups have some 6 kB). */
const LONGEST_TOKEN = 12_288;

/**
 * Checks signed tokens (RFC 7519) that come as `Authorization: Bearer`: RS256 by a published key, issuer, audience and
 * time, with a minute of tolerance for clocks that differ.
 */
export class BearerTokens {
  readonly #options: BearerTokensOptions;

  constructor(options: BearerTokensOptions) {
    this.#options = options;
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @returns the claims
   * @throws {TokenError} the sender has not proved who he is
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined): Promise<JWTPayload> {
    const { keys, signer, issuers, audiences, requiredClaims = [], clock } = this.#options;
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new TokenError('auth.token-missing', `Send the token of ${signer} as "Authorization: Bearer <token>".`);
    }
    if (token.length > LONGEST_TOKEN) throw new TokenError('auth.token-invalid', 'The token is too long to be one.');
    await keys.ready();
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: [...issuers],
        audience: [...audiences],
        // Without the list a token signed with HS256 and the public key as its secret might pass.
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', ...requiredClaims],
        currentDate: new Date(clock.wallMs()),
      });
      return payload;
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  #errorOf(error: unknown): ParleyError {
    const { keys, signer } = this.#options;
    if (error instanceof errors.JWTExpired) {
      return new TokenError('auth.token-expired', 'The token has expired; send a fresh one.', error);
    }
    // jose raises its bare base class when the keys' address answers with anything but 200 and JSON.
    const keysFailed =
      !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
    if (keysFailed) return keys.failure(error);
    return new TokenError('auth.token-invalid', `The token is not one of ${signer} for this door.`, error);
  }
}
