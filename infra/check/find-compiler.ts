import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { cacheFolder, QUIET_DOTNET } from './cache.ts';
import { runProgram } from './run-program.ts';

/** The version that was tried. An older one lacks what the check uses or says other things; a newer one is taken as it is. */
export const BICEP_VERSION = '0.49.2';

export interface FoundCompiler {
  readonly program: string;
  readonly version: string;
}
export interface NotFound {
  readonly missing: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The Bicep CLI: what BICEP names, one on the PATH, az's own, azd's own, else one that `dotnet` restores from NuGet into the
 * cache (124 MB, once).
 */
export async function findCompiler(env: Environment): Promise<FoundCompiler | NotFound> {
  if (env.BICEP) {
    const version = await versionOf(env.BICEP);
    return version === undefined
      ? { missing: `BICEP is "${env.BICEP}", which does not run` }
      : { program: env.BICEP, version };
  }
  for (const program of installed(env)) {
    const version = await versionOf(program);
    if (version !== undefined && isAtLeast(version, BICEP_VERSION)) return { program, version };
  }
  return restored(env);
}

function installed(env: Environment): string[] {
  const file = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
  const home = env.HOME ?? homedir();
  const folders = [
    ...(env.PATH ?? '').split(path.delimiter).filter(Boolean),
    path.join(home, '.azure', 'bin'),
    path.join(home, '.azd', 'bin'),
  ];
  return folders.map((folder) => path.join(folder, file)).filter(canRun);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function versionOf(program: string): Promise<string | undefined> {
  const { ok, stdout } = await runProgram(program, ['--version']);
  return ok ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined;
}

function isAtLeast(version: string, least: string): boolean {
  const order = new Intl.Collator('en', { numeric: true });
  return order.compare(version, least) >= 0;
}

const SYSTEMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: 'linux', darwin: 'osx', win32: 'win' };

async function restored(env: Environment): Promise<FoundCompiler | NotFound> {
  const system = SYSTEMS[process.platform];
  if (system === undefined) return { missing: `no Bicep CLI is made for ${process.platform}` };
  const name = `Azure.Bicep.CommandLine.${system}-${process.arch}`;
  const packages = path.join(cacheFolder(env), 'nuget');
  const file = system === 'win' ? 'bicep.exe' : 'bicep';
  const program = path.join(packages, name.toLowerCase(), BICEP_VERSION, 'tools', file);
  if (!canRun(program)) {
    const failure = await restore(name, packages, env);
    if (failure !== undefined) return { missing: failure };
    chmodSync(program, 0o755);
  }
  return { program, version: BICEP_VERSION };
}

async function restore(name: string, packages: string, env: Environment): Promise<string | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-bicep-'));
  try {
    const project = path.join(folder, 'bicep.csproj');
    writeFileSync(
      project,
      `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
  </PropertyGroup>
  <ItemGroup><PackageDownload Include="${name}" Version="[${BICEP_VERSION}]" /></ItemGroup>
</Project>
`,
    );
    const args = ['restore', project, '--packages', packages];
    const { ok, stdout, stderr } = await runProgram('dotnet', args, { env: { ...env, ...QUIET_DOTNET } });
    if (ok) return undefined;
    const said = `${stdout}\n${stderr}`;
    if (/ENOENT/.test(said)) return 'no Bicep CLI (BICEP, PATH, az, azd) and no dotnet to restore one with';
    return `dotnet could not restore ${name} ${BICEP_VERSION}: ${/error.*/.exec(said)?.[0] ?? 'it said nothing'}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
