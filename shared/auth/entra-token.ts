import type { Clock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import { BearerTokens, TokenError } from './bearer-tokens.ts';
import { SigningKeys } from './signing-keys.ts';

export interface EntraTokenOptions {
  readonly tenantId: string;
  /** The application that tokens must be made out to: its client id or its URI, `api://<client id>`. */
  readonly audience: string;
  /** Client ids that may call. Without it, every application of the tenant may that Entra gives a token. */
  readonly callers?: readonly string[] | undefined;
  /** Entra's own for the tenant, when not given. */
  readonly issuer?: string | undefined;
  readonly jwksUrl?: string | undefined;
  /** The setting that names the callers, for the message of who is not one. */
  readonly callersSetting: string;
  readonly clock: Clock;
}

/** Who sends a token of Entra. */
export interface EntraCaller {
  /** The application's client id. */
  readonly clientId: string;
  /** Within the tenant: the application itself, or who is signed in to it. */
  readonly objectId: string | undefined;
}

/**
 * Checks access tokens of Entra for an API of ours: RS256 by a key of the tenant, issuer (of either version of the
 * tokens), audience, tenant and time, and where callers are named, that the token was issued to one of them. An ID token
 * is refused: it names no application that it was issued to (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 */
export class EntraTokenVerifier {
  readonly #options: EntraTokenOptions;
  readonly #tokens: BearerTokens;
  readonly #callers: ReadonlySet<string> | undefined;

  constructor(options: EntraTokenOptions) {
    const { tenantId, issuer, jwksUrl, audience, callers, clock } = options;
    this.#options = options;
    this.#callers = callers && new Set(callers);
    const keys = new SigningKeys({
      url: jwksUrl ?? `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
      unavailable:
        'The signing keys of Entra could not be fetched; check API_TENANT_ID and API_JWKS_URL and that they can be reached.',
      clock,
    });
    // Which version an application's tokens have is said in its registration (`requestedAccessTokenVersion`).
    const own = [`https://login.microsoftonline.com/${tenantId}/v2.0`, `https://sts.windows.net/${tenantId}/`];
    this.#tokens = new BearerTokens({
      keys,
      issuers: issuer === undefined ? own : [issuer],
      audiences: namesOf(audience),
      requiredClaims: ['nbf', 'tid'],
      signer: 'Entra',
      clock,
    });
  }

  /**
   * @param authorization the header's value, `Bearer <token>`
   * @throws {TokenError} the sender has not proved who he is
   * @throws {ParleyError} `auth.caller-refused`, status 403: he has, and may not call
   * @throws {DependencyError} `auth.keys-unavailable`: the keys cannot be fetched, so nothing can be said yet
   */
  async verify(authorization: string | null | undefined): Promise<EntraCaller> {
    const claims = await this.#tokens.verify(authorization);
    // `azp` in version 2 of the tokens, `appid` in version 1.
    const clientId = claims.azp ?? claims.appid;
    if (claims.tid !== this.#options.tenantId || typeof clientId !== 'string') {
      throw new TokenError('auth.token-invalid', 'The token is no access token of the tenant in API_TENANT_ID.');
    }
    if (this.#callers?.has(clientId.toLowerCase()) === false) {
      throw new ParleyError(
        'auth.caller-refused',
        `The application that the token was issued to is not one of ${this.#options.callersSetting}.`,
      );
    }
    return { clientId, objectId: typeof claims.oid === 'string' ? claims.oid : undefined };
  }
}

/** An application goes by its client id in tokens of version 2, and by its URI in those of version 1 that asked for it so. */
function namesOf(audience: string): string[] {
  const [, clientId] = /^(?:api:\/\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(audience) ?? [];
  return clientId === undefined ? [audience] : [clientId, `api://${clientId}`];
}
