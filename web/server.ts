import type { PagePaths } from '../shared/client/page-paths.ts';
import type { AnswerAt } from '../shared/client/route-paths.ts';
import { modesIn, type PageMode } from './modes/offered-mode.ts';

/** What the server says of itself at `GET /api/v1/realtime/settings`. */
export type ServerSettings = AnswerAt<PagePaths, '/api/v1/realtime/settings'>;

const PATIENCE_MS = 3000;

/** Undefined where the server does not answer: the page then finds out by its socket and says so. */
export const fetchServerSettings = (): Promise<ServerSettings | undefined> => read('/api/v1/realtime/settings');

type OfferedAgent = AnswerAt<PagePaths, '/api/v1/agents'>['agents'][number];

/** An agent as the server offers it at `GET /api/v1/agents`. One of an older release tells its name alone. */
export type PageAgent = Pick<OfferedAgent, 'name'> & Partial<Pick<OfferedAgent, 'mode' | 'notice'>>;

/** The agents that one may choose from. Empty where the server does not tell. */
export async function fetchAgents(): Promise<readonly PageAgent[]> {
  return (await read('/api/v1/agents'))?.agents ?? [];
}

/** The streaming modes that one may choose from. Empty where the server does not tell. */
export const fetchModes = async (): Promise<readonly PageMode[]> => modesIn(await read('/api/v1/modes'));

/** How the services stand to the server; nothing where it does not tell the page. */
export const fetchDependencies = (): Promise<unknown> => read('/api/v1/health/dependencies');

/** Whether the server is there but takes no more conversations. */
export async function isServerFull(): Promise<boolean> {
  try {
    const response = await fetch('/readyz', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.status === 503;
  } catch {
    return false;
  }
}

/** What the API answers at a path, by the types of its routes. The server is ours: its answers are believed. */
async function read<Path extends keyof PagePaths>(path: Path): Promise<AnswerAt<PagePaths, Path> | undefined> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
