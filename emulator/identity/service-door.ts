import { isSameKey } from '../socket-door.ts';
import type { AccessTokens } from './access-tokens.ts';

/** Whom a service lets in. Without a key it knows identities only, as a resource with `disableLocalAuth` does. */
export interface ServiceAccess {
  readonly key?: string | undefined;
  /** Without it, tokens are refused. */
  readonly tokens?: AccessTokens | undefined;
}

/** What somebody shows who wants something of a service. */
export interface Proof {
  readonly keys: readonly unknown[];
  /** The value of the header Authorization. */
  readonly authorization: unknown;
}

/** Whether somebody may ask a service: by the key of the resource, or by a token that is made out to the service. */
export class ServiceDoor {
  readonly #access: ServiceAccess;
  readonly #audiences: readonly string[];

  constructor(access: ServiceAccess, audiences: readonly string[]) {
    this.#access = access;
    this.#audiences = audiences;
  }

  admits({ keys, authorization }: Proof): boolean {
    const { key, tokens } = this.#access;
    if (key !== undefined && keys.some((shown) => typeof shown === 'string' && isSameKey(shown, key))) return true;
    const bearer = bearerOf(authorization);
    return bearer !== undefined && tokens?.read(bearer, this.#audiences) !== undefined;
  }
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf(authorization: unknown): string | undefined {
  return typeof authorization === 'string' ? /^Bearer (.+)$/i.exec(authorization)?.[1] : undefined;
}
