import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How the hooks reach azd and Azure. Nothing here needs a package: on a fresh clone none is installed yet. */
export interface Reach {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Runs azd and gives its standard output. */
  readonly azd: (args: readonly string[]) => Promise<string>;
  readonly say: (line: string) => void;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** What a hook was started with: azd sets every value of its environment as a variable. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What somebody can mend; shown without a stack. */
export class HookError extends Error {}

/** What a service said no to, with the status of its answer. */
export class RefusedError extends HookError {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export const realReach: Reach = {
  fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(60_000) }),
  azd: async (args) => {
    try {
      const { stdout } = await promisify(execFile)('azd', [...args], { maxBuffer: 16 * 1024 * 1024 });
      return stdout;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      throw new HookError(
        'azd is not on the PATH of this process. Install it (https://aka.ms/azd-install), or add its folder to PATH.',
      );
    }
  },
  say: (line) => console.log(line),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** @throws {HookError} which `azd` command sets it */
export function need(env: Environment, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new HookError(`${name} is not set. azd up asks for it or finds it out; by hand: azd env set ${name} <value>`);
}
