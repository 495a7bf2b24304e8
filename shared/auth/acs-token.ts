import type { CarrierProof, HeaderReader } from '../carrier/carrier-kind.ts';
import type { Clock } from '../clock.ts';
import { BearerTokens, CLOCK_TOLERANCE_SECONDS, TokenError } from './bearer-tokens.ts';
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

/**
 * How long tokens of ACS live, in seconds: that of a callback five minutes, that of a media socket's upgrade a day. One
 * that is good for longer was made for something else: a token that leaks from a socket opens no webhook.
 * (https://learn.microsoft.com/azure/communication-services/how-tos/call-automation/secure-webhook-endpoint)
 */
const LONGEST_LIFE_SECONDS = { callback: 5 * 60, socket: 24 * 3600 } as const;
export type AcsTokenUse = keyof typeof LONGEST_LIFE_SECONDS;

/**
 * Checks the tokens that ACS sends with each callback and with the upgrade of each media socket: RS256 by a published
 * key, the issuer, this resource as the audience, and the time. They name no call, and ACS may use one twice: what is
 * replayed is told by the call's own events and session.
 */
export class AcsTokenVerifier implements CarrierProof {
  readonly #keys: SigningKeys;
  readonly #tokens: BearerTokens;
  readonly #clock: Clock;

  constructor({ jwksUrl, issuer, audience, clock }: AcsTokenOptions) {
    const unavailable = 'The signing keys of ACS could not be fetched; check ACS_JWKS_URL and that it can be reached.';
    this.#keys = new SigningKeys({ url: jwksUrl, unavailable, clock });
    this.#clock = clock;
    const rules = { issuers: [issuer], audiences: [audience], signer: 'ACS' };
    this.#tokens = new BearerTokens({ keys: this.#keys, ...rules, clock });
  }

  admit(header: HeaderReader, use: AcsTokenUse): Promise<AcsToken> {
    return this.verify(header('authorization'), use);
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @throws {TokenError} the sender has not proved to be ACS
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined, use: AcsTokenUse): Promise<AcsToken> {
    const { iat, exp } = await this.#tokens.verify(authorization);
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
}
