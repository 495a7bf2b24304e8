import OpenAI from 'openai';
import { toModelError } from './model-errors.ts';

/** Longer than any wait of ours, each of which has its own limit. */
const TIMEOUT_MS = 120_000;
/** An error is told in few words. */
const LONGEST_ERROR = 64_000;

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
    fetch: async (input, init) => tellingError(await fetch(input, init)),
  });
}

/** The client reads a refusal only under `error`; servers that put theirs at the top (vLLM, Mistral) are read all the same. */
async function tellingError(response: Response): Promise<Response> {
  if (response.ok || !response.body) return response;
  const text = (await response.text()).slice(0, LONGEST_ERROR);
  const { status, headers } = response;
  return new Response(JSON.stringify({ error: errorIn(text) }), { status, headers });
}

function errorIn(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) return { message: text };
    return 'error' in body && typeof body.error === 'object' ? body.error : body;
  } catch {
    return { message: text };
  }
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

/** What will keep the model from answering, as far as its list of models tells; undefined where nothing does. */
export async function modelProblem(client: OpenAI): Promise<string | undefined> {
  try {
    await client.models.list({ timeout: 5000, maxRetries: 0 });
    return undefined;
  } catch (thrown) {
    const { code, message } = toModelError(thrown);
    const isSure = code === 'model.unreachable' || code === 'model.unauthorised' || code === 'model.silent';
    return isSure ? `${message} Until then nothing is answered.` : undefined;
  }
}
