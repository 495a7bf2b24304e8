import { createServer } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { listening } from '../../testing/listening.ts';

export interface Claims {
  readonly aud?: string;
  readonly iss?: string;
  readonly tid?: string | undefined;
  readonly azp?: string | undefined;
  readonly appid?: string;
  readonly oid?: string;
  /** Seconds from now on. */
  readonly expiresIn?: number;
  readonly notBefore?: number;
}

export interface Forgery {
  readonly name: string;
  readonly token: string;
  readonly status: 401 | 403;
  readonly code: string;
}

const TENANT = '11111111-2222-4333-8444-555555555555';
export const CLIENT = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const STRANGER = '99999999-9999-4999-8999-999999999999';
export const AUDIENCE = '12345678-1234-4234-8234-123456789abc';

/** Entra as far as the tests of a door need it: one tenant that publishes a key and signs whatever is asked for. */
export class EntraDouble {
  readonly tenantId = TENANT;
  readonly issuer = `https://login.example/${TENANT}/v2.0`;
  readonly jwksUrl: string;
  readonly close: () => void;
  readonly #key: CryptoKey;
  readonly #publicJwk: JWK;
  readonly #strangersKey: CryptoKey;

  private constructor(jwksUrl: string, keys: [CryptoKey, JWK, CryptoKey], close: () => void) {
    this.jwksUrl = jwksUrl;
    this.close = close;
    [this.#key, this.#publicJwk, this.#strangersKey] = keys;
  }

  static async start(): Promise<EntraDouble> {
    const own = await generateKeyPair('RS256', { extractable: true });
    const strangers = await generateKeyPair('RS256');
    // As Entra publishes it: without `alg`.
    const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', use: 'sig' };
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    const url = `http://127.0.0.1:${await listening(server)}/keys`;
    return new EntraDouble(url, [own.privateKey, jwk, strangers.privateKey], () => {
      server.closeAllConnections();
      server.close();
    });
  }

  /** The settings of a door that believes this one. */
  get settings() {
    return { API_TENANT_ID: this.tenantId, API_TOKEN_ISSUER: this.issuer, API_JWKS_URL: this.jwksUrl };
  }

  token(claims: Claims = {}): Promise<string> {
    return this.#signed(claims).sign(this.#key);
  }

  /** Tokens that no door may take, made of one that it would. @param good what it would take */
  async forgeries(good: Claims): Promise<Forgery[]> {
    const [, payload] = (await this.token(good)).split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1' })).toString('base64url');
    const shared = new TextEncoder().encode(JSON.stringify(this.#publicJwk));
    const forged = async (name: string, token: Promise<string> | string, code = 'auth.token-invalid') =>
      ({ name, token: await token, status: 401, code }) as const;
    return Promise.all([
      forged('no token at all', 'nonsense'),
      forged('alg none', `${none}.${payload}.`),
      forged('HS256 with the published key', this.#signed(good, { alg: 'HS256' }).sign(shared)),
      forged('a stranger’s key', this.#signed(good).sign(this.#strangersKey)),
      forged('an unknown key', this.#signed(good, { alg: 'RS256', kid: 'k2' }).sign(this.#strangersKey)),
      forged('wrong audience', this.token({ ...good, aud: STRANGER })),
      forged('wrong issuer', this.token({ ...good, iss: 'https://login.example/elsewhere/v2.0' })),
      forged('wrong tenant', this.token({ ...good, tid: STRANGER })),
      forged('no tenant', this.token({ ...good, tid: undefined })),
      forged('an ID token, issued to no application', this.token({ ...good, azp: undefined })),
      forged('expired', this.token({ ...good, expiresIn: -120 }), 'auth.token-expired'),
      forged('not yet good', this.token({ ...good, notBefore: 120 })),
      forged('longer than any', `${'x'.repeat(12_300)}.${payload}.`),
    ]);
  }

  #signed(claims: Claims, header: { alg: string; kid?: string } = { alg: 'RS256', kid: 'k1' }): SignJWT {
    const now = Math.floor(Date.now() / 1000);
    const { aud = AUDIENCE, iss = this.issuer, expiresIn = 3_600, notBefore = 0, ...rest } = claims;
    return new SignJWT({ tid: this.tenantId, azp: CLIENT, ...rest })
      .setProtectedHeader(header)
      .setIssuer(iss)
      .setAudience(aud)
      .setIssuedAt(now)
      .setNotBefore(now + notBefore)
      .setExpirationTime(now + expiresIn);
  }
}
