import { modesIn, type PageMode } from './modes/offered-mode.ts';

/** What the server says of itself at `GET /api/v1/realtime/settings`. */
export interface ServerSettings {
  /** The emulator's address where one runs: then the page has a phone. */
  readonly emulatorUrl: string | null;
  readonly agent: string;
  readonly version: string;
  /** The demo dialogue answers, no language model. */
  readonly scripted: boolean;
}

const PATIENCE_MS = 3000;

/** Undefined where the server does not answer: the page then finds out by its socket and says so. */
export async function fetchServerSettings(): Promise<ServerSettings | undefined> {
  return (await fetchJson('/api/v1/realtime/settings')) as ServerSettings | undefined;
}

/** An agent as the server offers it at `GET /api/v1/agents`. */
export interface PageAgent {
  readonly name: string;
  /** The streaming mode of a session with it where nobody asks for another. */
  readonly mode?: string;
  /** What it says where calls are only written down; empty where it says nothing. */
  readonly notice?: string;
}

/** The agents that one may choose from. Empty where the server does not tell. */
export async function fetchAgents(): Promise<readonly PageAgent[]> {
  const answer = (await fetchJson('/api/v1/agents')) as { readonly agents: readonly PageAgent[] } | undefined;
  return answer?.agents ?? [];
}

/** The streaming modes that one may choose from. Empty where the server does not tell. */
export const fetchModes = async (): Promise<readonly PageMode[]> => modesIn(await fetchJson('/api/v1/modes'));

/** How the services stand to the server; nothing where it does not tell the page. */
export const fetchDependencies = (): Promise<unknown> => fetchJson('/api/v1/health/dependencies');

/** Whether the server is there but takes no more conversations. */
export async function isServerFull(): Promise<boolean> {
  try {
    const response = await fetch('/readyz', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.status === 503;
  } catch {
    return false;
  }
}

async function fetchJson(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
