import { readFileSync } from 'node:fs';
import type { Azure } from './azure.ts';
import { textAt } from './json.ts';
import { type Environment, HookError, need } from './reach.ts';

interface Profile {
  readonly name: string;
  /** `public` or `private`. */
  readonly network: string;
}

/**
 * The profile that PARLEY_PROFILE names.
 * @throws {HookError} there is none of this name: `main.bicepparam` would take it for `dev`
 */
export function wantedProfile(env: Environment, profiles = profilesFile()): Profile {
  const name = env.PARLEY_PROFILE || 'dev';
  const wanted = profiles.find((profile) => profile.name === name);
  if (wanted !== undefined) return wanted;
  const names = profiles.map((profile) => profile.name).join(' or ');
  throw new HookError(`infra/profiles.bicep has no profile "${name}". azd env set PARLEY_PROFILE <${names}>`);
}

/**
 * Why this profile must not be deployed over the resource group that is there; nothing where it may. Whether there is a
 * virtual network is decided once: without it all services would be opened, and Container Apps can't be moved into one.
 */
export async function wrongNetwork(
  arm: Azure,
  subscription: string,
  group: string,
  env: Environment,
  wanted: Profile,
): Promise<string[]> {
  const resources = await arm.all(
    `/subscriptions/${subscription}/resourceGroups/${group}/resources?api-version=2021-04-01`,
  );
  const ours = resources.filter((resource) => textAt(resource, 'tags.azd-env-name') === need(env, 'AZURE_ENV_NAME'));
  const types = new Set(ours.map((resource) => textAt(resource, 'type')?.toLowerCase()));
  const isPrivate = types.has('microsoft.network/virtualnetworks');
  const ways = `Keep what is there (azd env set PARLEY_PROFILE ${isPrivate ? 'production' : 'dev'}) or make a new environment (azd env new).`;
  if (isPrivate && wanted.network === 'public') {
    return [
      `${group} has a virtual network, and the profile ${wanted.name} has none: its services would be opened to the outside. ${ways}`,
    ];
  }
  if (!isPrivate && wanted.network === 'private' && types.has('microsoft.app/managedenvironments')) {
    return [
      `${group} was made without a virtual network, and Container Apps can't be moved into that of the profile ${wanted.name}. ${ways}`,
    ];
  }
  return [];
}

/** Those of `profiles.bicep`. */
export function profilesFile(): Profile[] {
  const text = readFileSync(new URL('../profiles.bicep', import.meta.url), 'utf8');
  const found = text.matchAll(/^var (\w+) profile = \{(.*?)^\}/gms);
  return [...found].map(([, name = '', body = '']) => ({
    name,
    network: /\bnetwork:\s*\{\s*kind:\s*'(\w+)'/.exec(body)?.[1] ?? '',
  }));
}
