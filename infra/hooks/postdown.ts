// After azd has deleted the resource group: purges its account of Azure AI, whose name would stay taken for two days, and
// removes what stood outside of the group. What is gone already is no error.
import { readFile, rm } from 'node:fs/promises';
import { graph, management } from './azure.ts';
import { API_DOOR, deleteApp, EVENT_GRID_DOOR, uniqueNameOf } from './entra-app.ts';
import { listAt } from './json.ts';
import { leftoversFile } from './predown.ts';
import { type Environment, HookError, need, type Reach } from './reach.ts';
import { deletedAccounts, groupExists } from './region.ts';

export async function postdown(reach: Reach, env: Environment, leftovers = readLeftovers): Promise<void> {
  const arm = management(reach);
  const subscription = need(env, 'AZURE_SUBSCRIPTION_ID');
  const environment = need(env, 'AZURE_ENV_NAME');
  const group = `rg-${environment}`;
  if (await groupExists(arm, subscription, group))
    throw new HookError(`${group} is still there, so nothing else is removed. When it is gone: azd hooks run postdown`);

  for (const id of await deletedAccounts(arm, subscription, group)) {
    await arm.ask('DELETE', `${id}?api-version=2025-06-01`, { expect: [404] });
    reach.say(`Purged ${id.split('/').at(-1)}`);
  }
  const { assignments, forget } = await leftovers(leftoversFile(env));
  for (const id of assignments) await arm.ask('DELETE', `${id}?api-version=2022-04-01`, { expect: [404] });
  for (const door of [API_DOOR, EVENT_GRID_DOOR]) {
    const name = uniqueNameOf(environment, subscription, door);
    const setting = `${door.setting}_AUDIENCE`;
    const forgetId = async (clientId: string) => {
      if (env[setting] === clientId) await reach.azd(['env', 'set', setting, '']);
    };
    if (await deleteApp(graph(reach), name, forgetId)) reach.say(`Deleted the app ${name}`);
  }
  await forget();
}

async function readLeftovers(file: string): Promise<{ assignments: string[]; forget: () => Promise<void> }> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return { assignments: listAt(JSON.parse(text), 'assignments').map(String), forget: () => rm(file, { force: true }) };
}
