/** How we show a service who we are: by a key where there is one, else by a token. */
export interface Credential {
  readonly key?: string | undefined;
  readonly token: () => Promise<string>;
}

/** Of Azure Voice Live and Azure OpenAI (both take it). */
const SCOPE = 'https://ai.azure.com/.default';
/** It takes keys as tokens, which Azure's resources do not. */
const OPENAI_HOST = 'api.openai.com';

/** The headers of the upgrade. A key never stands in an address, where proxies and logs would keep it. */
export function headersOf(
  { hostname }: URL,
  { key, token }: Credential,
): () => Promise<Readonly<Record<string, string>>> {
  return async () => {
    if (key === undefined) return { authorization: `Bearer ${await token()}` };
    return hostname === OPENAI_HOST ? { authorization: `Bearer ${key}` } : { 'api-key': key };
  };
}

/** Tokens of the identity that the process runs under. The package keeps each for as long as it is good. */
export function identityTokens(): () => Promise<string> {
  let getToken: Promise<() => Promise<{ readonly token: string }>> | undefined;
  return async () => {
    // Loaded by whoever has no key: it costs a start a third of a second.
    getToken ??= import('@azure/identity').then(({ DefaultAzureCredential }) => {
      const credential = new DefaultAzureCredential();
      return () => credential.getToken(SCOPE);
    });
    return (await (await getToken)()).token;
  };
}
