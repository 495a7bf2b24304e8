import type { TokenCredential } from '@azure/identity';
import type { FetchToken } from './token-source.ts';

export interface AzureTokensOptions {
  /** Of a user-assigned identity. */
  readonly clientId: string | undefined;
  /** The platform has an endpoint for managed identities, as App Service, Functions and Container Apps do. */
  readonly isManaged: boolean;
}

/**
 * Tokens of `@azure/identity`: of the managed identity where the platform has one, else of whoever is signed in on the
 * machine (`DefaultAzureCredential`: environment, Azure CLI and others). Each call asks; whoever uses it keeps them.
 */
export function azureTokens({ clientId, isManaged }: AzureTokensOptions): FetchToken {
  let opening: Promise<TokenCredential> | undefined;
  return async (scope) => {
    // Loaded by whoever has no key: it costs a start a third of a second.
    opening ??= import('@azure/identity').then(({ DefaultAzureCredential, ManagedIdentityCredential }) => {
      if (!isManaged) return new DefaultAzureCredential();
      // Asked anew by the token source, which knows when.
      const retryOptions = { maxRetries: 0 };
      return new ManagedIdentityCredential({ retryOptions, ...(clientId !== undefined && { clientId }) });
    });
    const answer = await (await opening).getToken(scope);
    if (answer === null) throw new Error('none of the credentials has one');
    return { token: answer.token, expiresOnTimestamp: answer.expiresOnTimestamp };
  };
}
