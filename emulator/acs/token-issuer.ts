import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { readIfThere, writePrivateFile } from '../tls/private-file.ts';

const ALGORITHM = 'RS256';

/** How long the token of one callback is good, and that of a media socket. */
export const CALLBACK_TOKEN_SECONDS = 5 * 60;
export const MEDIA_TOKEN_SECONDS = 24 * 3600;

export interface TokenIssuerOptions {
  readonly issuer: string;
  /** The ACS resource's immutable id. */
  readonly audience: string;
  /** Where the key is kept, so that an application that knows it trusts the emulator after a restart too. */
  readonly folder?: string;
}

/** Signs what ACS sends to the application, and publishes the key for checking it. */
export class TokenIssuer {
  readonly #issuer: string;
  readonly #audience: string;
  readonly #keyId: string;
  readonly #privateKey: CryptoKey | Uint8Array;
  readonly #publicJwk: JWK;

  private constructor(
    options: TokenIssuerOptions,
    privateKey: CryptoKey | Uint8Array,
    publicJwk: JWK & { kid: string },
  ) {
    this.#issuer = options.issuer;
    this.#audience = options.audience;
    this.#privateKey = privateKey;
    this.#publicJwk = publicJwk;
    this.#keyId = publicJwk.kid;
  }

  static async create(options: TokenIssuerOptions): Promise<TokenIssuer> {
    const jwk = await loadKey(options.folder && join(options.folder, 'acs-signing-key.json'));
    const { kty, n, e } = jwk;
    const publicJwk = { kty, n, e, kid: jwk.kid ?? '', use: 'sig', alg: ALGORITHM } as JWK & { kid: string };
    return new TokenIssuer(options, await importJWK(jwk, ALGORITHM), publicJwk);
  }

  get jwks(): { keys: JWK[] } {
    return { keys: [this.#publicJwk] };
  }

  /** @param origin where the emulator was asked, such as `http://127.0.0.1:8090` */
  openIdConfiguration(origin: string): Record<string, unknown> {
    return {
      issuer: this.#issuer,
      jwks_uri: `${origin}/calling/keys`,
      id_token_signing_alg_values_supported: [ALGORITHM],
    };
  }

  /** A token for the application, which is its audience unless another is given. */
  sign(lifetimeSeconds: number, audience = this.#audience): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#keyId, typ: 'JWT' })
      .setIssuer(this.#issuer)
      .setAudience(audience)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(this.#privateKey);
  }
}

async function loadKey(path: string | undefined): Promise<JWK> {
  const stored = path && (await readIfThere(path));
  if (stored) return JSON.parse(stored) as JWK;
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: randomUUID() };
  if (path) await writePrivateFile(path, JSON.stringify(jwk));
  return jwk;
}
