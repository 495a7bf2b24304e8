// Before azd asks whether to delete all: says what goes with it, and writes down what deleting the resource group does not
// remove, for postdown.ts. It deletes nothing: the question comes after it.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Azure, management } from './azure.ts';
import { listAt, textAt } from './json.ts';
import { type Environment, need, type Reach } from './reach.ts';
import { groupExists } from './region.ts';

/** Beside azd's own files of the environment, which are not committed. */
export const leftoversFile = (env: Environment): string =>
  path.join('.azure', need(env, 'AZURE_ENV_NAME'), 'left-behind.json');

export async function predown(reach: Reach, env: Environment, keep = keepLeftovers): Promise<void> {
  const arm = management(reach);
  const id = need(env, 'AZURE_SUBSCRIPTION_ID');
  const name = `rg-${need(env, 'AZURE_ENV_NAME')}`;
  if (!(await groupExists(arm, id, name))) return;
  const subscription = `/subscriptions/${id}`;
  const group = `${subscription}/resourceGroups/${name}`;

  const identities = await arm.all(
    `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30`,
  );
  const resources = await arm.all(
    `${group}/providers/Microsoft.Communication/communicationServices?api-version=2025-09-01`,
  );
  // Where ACS itself puts calls into words, it has a role on the account of Speech.
  const principals = [
    ...identities.map((identity) => textAt(identity, 'properties.principalId')),
    ...resources.map((resource) => textAt(resource, 'identity.principalId')),
  ].filter((principal) => principal !== undefined);
  const assignments: string[] = [];
  for (const principal of principals) {
    const filter = encodeURIComponent(`principalId eq '${principal}'`);
    const given = await arm.all(
      `${subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=${filter}`,
    );
    assignments.push(...given.map((one) => textAt(one, 'id') ?? '').filter((id) => id !== '' && !isWithin(id, group)));
  }
  await keep(leftoversFile(env), assignments);
  if (assignments.length > 0)
    reach.say(`${assignments.length} roles on accounts outside of the resource group are removed afterwards`);

  for (const number of await phoneNumbers(reach, resources)) {
    reach.say(
      `THE PHONE NUMBER ${number} IS RELEASED with the Communication Services resource, and cannot be had back.`,
    );
  }
}

const isWithin = (id: string, group: string): boolean => id.toLowerCase().startsWith(`${group.toLowerCase()}/`);

/** Numbers that the resource owns. Where it can't be asked, that is said: it may have some all the same. */
async function phoneNumbers(reach: Reach, resources: readonly unknown[]): Promise<string[]> {
  const found = resources.map(async (resource) => {
    const base = `https://${textAt(resource, 'properties.hostName')}`;
    try {
      const numbers = await new Azure(reach, base, 'https://communication.azure.com/.default').ask(
        'GET',
        '/phoneNumbers?api-version=2022-12-01',
      );
      return listAt(numbers.body, 'phoneNumbers').map((entry) => textAt(entry, 'phoneNumber') ?? '');
    } catch {
      reach.say(
        `Whether ${textAt(resource, 'name')} has phone numbers could not be asked: look in the portal. They are released with it.`,
      );
      return [];
    }
  });
  return (await Promise.all(found)).flat();
}

/** Adds to those of before: an `azd down` that broke off may have taken the identities whose roles are asked for. */
export async function keepLeftovers(file: string, assignments: readonly string[]): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => '{}');
  const all = new Set([...listAt(JSON.parse(before), 'assignments').map(String), ...assignments]);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ assignments: [...all] }));
}
