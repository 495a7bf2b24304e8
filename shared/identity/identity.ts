import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { azureTokens } from './azure-tokens.ts';
import { type FetchToken, TokenSource } from './token-source.ts';

export interface IdentityOptions {
  readonly fetchToken: FetchToken;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who the process is to Azure: tokens for each scope, which everybody in the process shares. */
export class Identity {
  readonly #options: IdentityOptions;
  readonly #sources = new Map<string, TokenSource>();
  /** The same tokens, for SDKs. Each asks for the scopes of its service by itself. */
  readonly credential: TokenCredential = {
    getToken: (scopes) => this.tokens(typeof scopes === 'string' ? scopes : scopes.join(' ')).get(),
  };

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /** Nothing is asked for before somebody wants a token. */
  tokens(scope: string): TokenSource {
    const source = this.#sources.get(scope) ?? new TokenSource({ ...this.#options, scope });
    this.#sources.set(scope, source);
    return source;
  }

  /** Renews no token any more. Idempotent. */
  close(): void {
    for (const source of this.#sources.values()) source.close();
  }
}

/**
 * The identity that the platform gives the process.
 * @param options.clientId of a user-assigned one: AZURE_CLIENT_ID
 */
export function openIdentity(options: {
  readonly clientId: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}): Identity {
  const { clientId, env, clock, log } = options;
  const isManaged = Boolean(env.IDENTITY_ENDPOINT);
  return new Identity({ fetchToken: azureTokens({ clientId, isManaged }), clock, log });
}
