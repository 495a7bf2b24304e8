// Before azd provisions: looks whether the region has what is needed, so that nothing fails after twenty minutes, and makes
// the apps in Entra whose ids the settings name. Run again, it changes nothing.
import { readFileSync } from 'node:fs';
import { graph, management } from './azure.ts';
import {
  API_DOOR,
  type Door,
  EVENT_GRID_DOOR,
  ensureApp,
  ensurePrincipal,
  ensureRole,
  findApp,
  uniqueNameOf,
} from './entra-app.ts';
import { EVENT_GRID_APP } from './incoming-calls.ts';
import { listAt, numberAt, textAt } from './json.ts';
import { wantedProfile, wrongNetwork } from './profile.ts';
import { type Environment, HookError, need, type Reach, RefusedError } from './reach.ts';
import {
  deletedAccounts,
  groupExists,
  mayGiveRoles,
  missingInRegion,
  missingModels,
  unregisteredProviders,
  type WantedModel,
} from './region.ts';

export async function preprovision(reach: Reach, env: Environment, models = modelsFile()): Promise<void> {
  await checkRegion(reach, env, models);
  if ((env.API_AUTH || 'entra') === 'entra') await openDoor(reach, env, API_DOOR, []);
  if ((env.EVENT_GRID_AUTH || 'entra') === 'entra') {
    await openDoor(reach, env, EVENT_GRID_DOOR, [EVENT_GRID_APP]);
  }
}

async function checkRegion(reach: Reach, env: Environment, models: readonly WantedModel[]): Promise<void> {
  const arm = management(reach);
  const subscription = need(env, 'AZURE_SUBSCRIPTION_ID');
  const location = need(env, 'AZURE_LOCATION');
  const aiLocation = env.AZURE_AI_LOCATION || location;
  const group = `rg-${need(env, 'AZURE_ENV_NAME')}`;
  const profile = wantedProfile(env);
  reach.say(`Looking whether ${location} has what is needed`);
  const unregistered = await unregisteredProviders(arm, subscription);
  if (unregistered.length > 0) {
    const commands = unregistered.map((provider) => `az provider register --wait --namespace ${provider}`);
    throw new HookError(
      `The subscription has not used these services yet, and cannot be asked about them. Register them, which takes some minutes:\n${commands.join('\n')}`,
    );
  }
  const exists = await groupExists(arm, subscription, group);
  const forbidden = exists ? await wrongNetwork(arm, subscription, group, env, profile) : [];
  const [missing, mayGive, deleted, withoutModels] = await Promise.all([
    missingInRegion(arm, subscription, location),
    mayGiveRoles(arm, subscription),
    deletedAccounts(arm, subscription, group),
    missingModels(arm, subscription, aiLocation, models, !exists),
  ]);
  const problems = [
    ...forbidden,
    ...missing.map((line) => `${line} Choose another: azd env set AZURE_LOCATION <region>`),
    ...withoutModels,
    ...(mayGive
      ? []
      : ['You may not give roles in this subscription: Owner or Role Based Access Control Administrator may.']),
    ...deleted.map((id) => `A deleted account holds the name of this environment's: az resource delete --ids ${id}`),
  ];
  if (problems.length > 0) throw new HookError(problems.map((line) => `- ${line}`).join('\n'));
}

/** @throws {HookError} with the two ways out, for whoever may not register apps */
async function openDoor(reach: Reach, env: Environment, door: Door, callers: readonly string[]): Promise<void> {
  const { setting } = door;
  try {
    await onceKnown(reach, () => ensureDoor(reach, env, door, callers));
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    // An earlier run made it: who deploys after that need not be its owner.
    if (error instanceof RefusedError && error.status === 403 && env[`${setting}_AUDIENCE`]) {
      reach.say(`${error.message}\n  The app of ${setting}_AUDIENCE is left as it is`);
      return;
    }
    throw new HookError(
      `${error.message}\nWho may register apps in Entra can run this once (azd hooks run preprovision) or give you one (azd env set ${setting}_AUDIENCE <client id>). Without Entra at this door: azd env set ${setting}_AUTH key`,
    );
  }
}

const TRIES = 6;
const BETWEEN_MS = 5_000;

/** Entra is many servers: what was just made on one is refused as unknown by the others, for some seconds. */
async function onceKnown(reach: Reach, ensure: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ensure();
    } catch (error) {
      const mayBeUnknown = error instanceof RefusedError && (error.status === 404 || error.status === 400);
      if (!mayBeUnknown || attempt === TRIES) throw error;
    }
    await reach.wait(BETWEEN_MS);
  }
}

/** @param callers apps that get the role beside whoever is signed in, who may then create the subscription or call */
async function ensureDoor(reach: Reach, env: Environment, door: Door, callers: readonly string[]): Promise<void> {
  const setting = `${door.setting}_AUDIENCE`;
  const entra = graph(reach);
  const name = uniqueNameOf(need(env, 'AZURE_ENV_NAME'), need(env, 'AZURE_SUBSCRIPTION_ID'), door);
  const given = env[setting];
  if (given && given !== (await findApp(entra, name))) {
    reach.say(`${setting} is an app of yours: it is left as it is`);
    return;
  }
  reach.say(`Entra: the app ${name}`);
  const app = await ensureApp(entra, name, door);
  for (const caller of callers) await ensureRole(entra, app, await ensurePrincipal(entra, caller), reach);
  await ensureRole(entra, app, await management(reach).objectId(), reach);
  if (given !== app.clientId) await reach.azd(['env', 'set', setting, app.clientId]);
}

function modelsFile(): WantedModel[] {
  const file: unknown = JSON.parse(readFileSync(new URL('../models.json', import.meta.url), 'utf8'));
  return listAt(file, 'deployments').map((entry) => ({
    model: textAt(entry, 'model') ?? '',
    version: textAt(entry, 'version') ?? '',
    sku: textAt(entry, 'sku') ?? '',
    capacity: numberAt(entry, 'capacity') ?? 0,
  }));
}
