import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { jsonOf } from '../../shared/json.ts';
import { EMULATED_TENANT } from '../settings.ts';
import { readIfThere, writePrivateFile } from '../tls/private-file.ts';

/** Whom tokens for each service are made out to. Azure's AI services take either of theirs. */
export const AUDIENCES = {
  acs: ['https://communication.azure.com'],
  ai: ['https://cognitiveservices.azure.com', 'https://ai.azure.com'],
  redis: ['https://redis.azure.com'],
  storage: ['https://storage.azure.com'],
  monitor: ['https://monitor.azure.com'],
} as const satisfies Record<string, readonly string[]>;

const ISSUER = `https://sts.windows.net/${EMULATED_TENANT}/`;
const ALGORITHM = 'RS256';

const header = z.object({ alg: z.literal(ALGORITHM), kid: z.string() });
const claims = z.object({
  iss: z.literal(ISSUER),
  aud: z.string(),
  oid: z.string(),
  appid: z.string(),
  nbf: z.number(),
  exp: z.number(),
});
export type AccessClaims = z.output<typeof claims>;

export interface IssuedToken {
  readonly token: string;
  /** Seconds since 1970. */
  readonly expiresOn: number;
}

/** What Entra does for a program: signs tokens of its identity for a service, and lets the service judge them. */
export class AccessTokens {
  readonly #clock: Clock;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;

  private constructor(clock: Clock, pem: string) {
    this.#clock = clock;
    this.#privateKey = createPrivateKey(pem);
    this.#publicKey = createPublicKey(this.#privateKey);
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(der).digest('hex').slice(0, 32);
  }

  /**
   * Loads the signing key, or makes one.
   * @param folder where it is kept, so that tokens are still good after a restart. Without it, every start has a new key
   */
  static async open(clock: Clock, folder?: string): Promise<AccessTokens> {
    const path = folder && join(folder, 'identity-signing-key.pem');
    const stored = path && (await readIfThere(path));
    if (stored) return new AccessTokens(clock, stored);
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    if (path) await writePrivateFile(path, pem);
    return new AccessTokens(clock, pem);
  }

  /** What whoever judges tokens elsewhere checks them with. */
  get jwks() {
    return { keys: [{ ...this.#publicKey.export({ format: 'jwk' }), kid: this.#keyId, use: 'sig', alg: ALGORITHM }] };
  }

  /** @param client the client id of a user-assigned identity; undefined: of the system-assigned one */
  issue(audience: string, client: string | undefined, lifeSeconds: number): IssuedToken {
    const now = Math.floor(this.#clock.wallMs() / 1000);
    const appid = client ?? 'system-assigned';
    const expiresOn = now + lifeSeconds;
    const times = { iat: now, nbf: now, exp: expiresOn };
    const body = {
      iss: ISSUER,
      aud: audience,
      oid: objectIdOf(appid),
      appid,
      tid: EMULATED_TENANT,
      ver: '1.0',
      ...times,
    };
    const signed = [{ typ: 'JWT', alg: ALGORITHM, kid: this.#keyId }, body].map(encoded).join('.');
    return {
      token: `${signed}.${sign('sha256', Buffer.from(signed), this.#privateKey).toString('base64url')}`,
      expiresOn,
    };
  }

  /** What a token says, where it is one of ours, is good now, and is made out to one of `audiences`. */
  read(token: string, audiences: readonly string[]): AccessClaims | undefined {
    const [head = '', body = '', signature = '', ...more] = token.split('.');
    const { alg, kid } = header.safeParse(decoded(head)).data ?? {};
    if (alg !== ALGORITHM || kid !== this.#keyId || more.length > 0) return undefined;
    const isSigned = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      this.#publicKey,
      Buffer.from(signature, 'base64url'),
    );
    const said = isSigned ? claims.safeParse(decoded(body)).data : undefined;
    const now = this.#clock.wallMs() / 1000;
    if (said === undefined || said.exp <= now || said.nbf > now) return undefined;
    return audiences.includes(said.aud.replace(/\/+$/, '')) ? said : undefined;
  }
}

/** An identity has the same one at every start. */
function objectIdOf(client: string): string {
  const hex = createHash('sha256').update(client).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

const decoded = (part: string): unknown => jsonOf(Buffer.from(part, 'base64url').toString());
