import OpenAI from 'openai';
import { httpFetch } from './http-fetch.ts';

export interface ModelEndpoint {
  /** `https://<resource>.openai.azure.com/openai/v1`, or the emulator's. */
  readonly baseUrl: string;
  /** A key, or what fetches a token; it is asked before each request. */
  readonly apiKey: string | (() => Promise<string>);
}

/** One client for a process: it keeps connections alive between turns. */
export function openModelClient({ baseUrl, apiKey }: ModelEndpoint): OpenAI {
  // The SDK would wait ten minutes and try three times; a caller on the phone will not.
  return new OpenAI({ baseURL: baseUrl, apiKey, timeout: 10_000, maxRetries: 1, logLevel: 'off', fetch: httpFetch });
}

/**
 * Whether the far side is the emulator's scripted dialogue, so that the page can say so. A service that cannot be asked
 * is taken for a real one.
 */
export async function isScripted(client: OpenAI): Promise<boolean> {
  try {
    const models = await client.models.list({ timeout: 2000, maxRetries: 0 });
    return models.data.some((model) => model.id === 'scripted-demo');
  } catch {
    return false;
  }
}
