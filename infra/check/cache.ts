import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where what was fetched or made once is kept, outside the repository: compiler, type data, Azurite of the tests. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base =
    env.XDG_CACHE_HOME ||
    (process.platform === 'win32' && env.LOCALAPPDATA) ||
    path.join(env.HOME ?? homedir(), '.cache');
  const folder = path.join(base, 'parley');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** `dotnet` says nothing of itself, and sends nothing. */
export const QUIET_DOTNET = {
  DOTNET_NOLOGO: '1',
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_CLI_UI_LANGUAGE: 'en',
} as const;
