/** What the server says of itself at `GET /api/v1/realtime/settings`. */
export interface ServerSettings {
  /** The emulator's address where one runs: then the page has a phone. */
  readonly emulatorUrl: string | null;
  readonly agent: string;
  readonly version: string;
}

const PATIENCE_MS = 3000;

/** Undefined where the server does not answer: the page then finds out by its socket and says so. */
export async function fetchServerSettings(): Promise<ServerSettings | undefined> {
  try {
    const response = await fetch('/api/v1/realtime/settings', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the server is there but takes no more conversations. */
export async function isServerFull(): Promise<boolean> {
  try {
    const response = await fetch('/readyz', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.status === 503;
  } catch {
    return false;
  }
}
