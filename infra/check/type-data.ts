import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AzureTypes } from './azure-types.ts';
import { cacheFolder, QUIET_DOTNET } from './cache.ts';
import type { NotFound } from './find-compiler.ts';
import { runProgram } from './run-program.ts';

const PROGRAM = path.join(import.meta.dirname, 'azure-types.cs');
const INDEX = 'index.json';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Azure's type data: the folder that AZURE_TYPES_DIR names, else one that `dotnet` makes from NuGet in the cache (100 MB, once
 * for the providers that are used). None of it is ever part of the repository.
 *
 * @param providers such as `microsoft.app`, in small letters
 */
export async function findTypes(env: Environment, providers: readonly string[]): Promise<AzureTypes | NotFound> {
  if (env.AZURE_TYPES_DIR) {
    const has = existsSync(path.join(env.AZURE_TYPES_DIR, INDEX));
    return has ? new AzureTypes(env.AZURE_TYPES_DIR) : { missing: `AZURE_TYPES_DIR has no ${INDEX}` };
  }
  const wanted = [...new Set(providers)].sort();
  const version = /Types\.Az@([\d.]+)/.exec(readFileSync(PROGRAM, 'utf8'))?.[1];
  const folder = path.join(cacheFolder(env), `azure-types-${version}`);
  const kept = existsSync(path.join(folder, INDEX)) ? new AzureTypes(folder) : undefined;
  if (kept !== undefined && wanted.every((provider) => kept.hasProvider(provider))) return kept;
  const made = mkdtempSync(`${folder}-`);
  try {
    const args = ['run', PROGRAM, '--', made, wanted.join(',')];
    const { ok, stdout, stderr } = await runProgram('dotnet', args, { env: { ...env, ...QUIET_DOTNET } });
    if (!ok) return { missing: reasonOf(`${stderr}\n${stdout}`) };
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return new AzureTypes(folder);
  } catch (error) {
    // Somebody else has just made them.
    if (existsSync(path.join(folder, INDEX))) return new AzureTypes(folder);
    throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function reasonOf(said: string): string {
  if (said.includes('ENOENT')) return 'no AZURE_TYPES_DIR and no dotnet to make type data with';
  return `dotnet could not make the type data: ${/.*error.*/.exec(said)?.[0] ?? said.trim().split('\n')[0]}`;
}
