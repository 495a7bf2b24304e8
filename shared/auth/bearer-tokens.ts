import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { ParleyError } from '../errors.ts';
import { TokenError } from './acs-token.ts';
import { SigningKeys } from './signing-keys.ts';

export interface BearerTokensOptions {
  /** Where the keys of whoever signs are published. */
  readonly jwksUrl: string;
  /** Any of these. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly requiredClaims: readonly string[];
  /** Who signs, such as "Entra", and the settings that say where the keys are. For messages. */
  readonly signer: string;
  readonly jwksSettings: string;
  readonly clock: Clock;
}

const CLOCK_TOLERANCE_SECONDS = 60;
/** Longer than any token that is sent in a header (Entra's with many groups have some 6 kB). */
const LONGEST_TOKEN = 12_288;

/**
 * Checks signed tokens (RFC 7519) that come as `Authorization: Bearer`: RS256 by a published key, issuer, audience and
 * time, with a minute of tolerance for clocks that differ.
 */
export class BearerTokens {
  readonly #options: BearerTokensOptions;
  readonly #keys: SigningKeys;

  constructor(options: BearerTokensOptions) {
    const { signer, jwksSettings, jwksUrl, clock } = options;
    this.#options = options;
    this.#keys = new SigningKeys({
      url: jwksUrl,
      unavailable: `The signing keys of ${signer} could not be fetched; check ${jwksSettings} and that it can be reached.`,
      clock,
    });
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @returns the claims
   * @throws {TokenError} the sender has not proved who he is
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined): Promise<JWTPayload> {
    const { signer, issuers, audiences, requiredClaims, clock } = this.#options;
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new TokenError('auth.token-missing', `Send the token of ${signer} as "Authorization: Bearer <token>".`);
    }
    if (token.length > LONGEST_TOKEN) throw new TokenError('auth.token-invalid', 'The token is too long to be one.');
    await this.#keys.ready();
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
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
    if (error instanceof errors.JWTExpired) {
      return new TokenError('auth.token-expired', 'The token has expired; send a fresh one.', error);
    }
    // jose raises its bare base class when the keys' address answers with anything but 200 and JSON.
    const keysFailed =
      !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
    if (keysFailed) return this.#keys.failure(error);
    return new TokenError(
      'auth.token-invalid',
      `The token is not one of ${this.#options.signer} for this door.`,
      error,
    );
  }
}
