import OpenAI from 'openai';
import { modelFetch } from './model-fetch.ts';

/** Longer than any wait of ours, each of which has its own limit. */
const TIMEOUT_MS = 120_000;

export interface ModelEndpoint {
  /** `https://<resource>.openai.azure.com/openai/v1`, or the emulator's. */
  readonly baseUrl: string;
  /** A key, or what fetches a token; it is asked before each request. */
  readonly apiKey: string | (() => Promise<string>);
}

/** One client for a process: it keeps connections alive between turns. */
export function openModelClient({ baseUrl, apiKey }: ModelEndpoint): OpenAI {
  // The SDK would sleep as long as it is told to before it tries again; a caller on the phone cannot wait for that.
  return new OpenAI({
    baseURL: baseUrl,
    apiKey,
    timeout: TIMEOUT_MS,
    maxRetries: 0,
    logLevel: 'off',
    // A stream of tokens has no use for compression, and some proxies hold it back for the sake of it.
    defaultHeaders: { 'accept-encoding': 'identity' },
    fetch: modelFetch,
  });
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
