/** How we show a service who we are: by a key where there is one, else by a token. */
export interface Credential {
  readonly key?: string | undefined;
  readonly token: () => Promise<string>;
}

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
