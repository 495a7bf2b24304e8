import type { Azure } from './azure.ts';
import { at, listAt, numberAt, textAt } from './json.ts';

/** A model as infra/models.json names it. */
export interface WantedModel {
  readonly model: string;
  readonly version: string;
  readonly sku: string;
  readonly capacity: number;
}

/** What `azd up` needs of a region, by provider and type. */
const NEEDED: readonly (readonly [provider: string, type: string])[] = [
  ['Microsoft.App', 'managedEnvironments'],
  ['Microsoft.Cache', 'redisEnterprise'],
  ['Microsoft.ContainerRegistry', 'registries'],
  ['Microsoft.Insights', 'components'],
  ['Microsoft.OperationalInsights', 'workspaces'],
  ['Microsoft.Storage', 'storageAccounts'],
];

/** Those that are asked here for more than where they are: only where they are registered do they answer. */
const ASKED: readonly string[] = ['Microsoft.CognitiveServices', 'Microsoft.Web'];

/** All whose resources are deployed. */
const PROVIDERS = [
  ...new Set([...ASKED, ...NEEDED.map(([provider]) => provider)]),
  'Microsoft.Communication',
  'Microsoft.EventGrid',
  'Microsoft.ManagedIdentity',
  'Microsoft.Network',
];

/** Providers that the subscription has never used; none where all that is asked here answers, as Azure registers the rest itself. */
export async function unregisteredProviders(arm: Azure, subscription: string): Promise<string[]> {
  const found = await Promise.all(
    PROVIDERS.map(async (provider) => {
      const path = `/subscriptions/${subscription}/providers/${provider}?api-version=2021-04-01`;
      const state = textAt((await arm.ask('GET', path)).body, 'registrationState');
      return state === 'NotRegistered' || state === 'Unregistered' ? [provider] : [];
    }),
  );
  const unregistered = found.flat();
  return unregistered.some((provider) => ASKED.includes(provider)) ? unregistered : [];
}

const squeezed = (location: string): string => location.toLowerCase().replaceAll(' ', '');

/** What the region does not have, a line each. */
export async function missingInRegion(arm: Azure, subscription: string, location: string): Promise<string[]> {
  const services = NEEDED.map(async ([provider, type]) => {
    const { body } = await arm.ask(
      'GET',
      `/subscriptions/${subscription}/providers/${provider}?api-version=2021-04-01`,
    );
    const found = listAt(body, 'resourceTypes').find(
      (entry) => textAt(entry, 'resourceType')?.toLowerCase() === type.toLowerCase(),
    );
    const locations = listAt(found, 'locations').map((entry) => squeezed(String(entry)));
    return locations.includes(squeezed(location)) ? [] : [`${location} has no ${provider}/${type}.`];
  });
  const flex = arm
    .all(`/subscriptions/${subscription}/providers/Microsoft.Web/geoRegions?sku=FlexConsumption&api-version=2024-11-01`)
    .then((regions) => {
      const names = regions.map((region) => squeezed(textAt(region, 'name') ?? ''));
      return names.includes(squeezed(location)) ? [] : [`${location} has no Functions on Flex Consumption.`];
    });
  return (await Promise.all([...services, flex])).flat();
}

/**
 * Models that the region does not offer or has no quota for, with what it has in their place.
 * @param countQuota false where they may be deployed already: they count as used then
 */
export async function missingModels(
  arm: Azure,
  subscription: string,
  location: string,
  wanted: readonly WantedModel[],
  countQuota: boolean,
): Promise<string[]> {
  if (wanted.length === 0) return [];
  const path = `/subscriptions/${subscription}/providers/Microsoft.CognitiveServices/locations/${location}`;
  const [offered, usages] = await Promise.all([
    arm.all(`${path}/models?api-version=2025-06-01`),
    arm.all(`${path}/usages?api-version=2025-06-01`),
  ]);
  const models = offered.map((entry) => at(entry, 'model')).filter((model) => textAt(model, 'format') === 'OpenAI');
  return wanted.flatMap((want) => {
    const found = models.find(
      (model) => textAt(model, 'name') === want.model && textAt(model, 'version') === want.version,
    );
    const sku = listAt(found, 'skus').find((entry) => textAt(entry, 'name') === want.sku);
    if (sku === undefined) {
      const like = models
        .filter((model) => listAt(model, 'skus').some((entry) => textAt(entry, 'name') === want.sku))
        .map((model) => `${textAt(model, 'name')} ${textAt(model, 'version')}`)
        .sort();
      return [
        `${location} has no ${want.model} ${want.version} as ${want.sku}. Change infra/models.json to one of: ${like.join(', ') || 'none at all'}.`,
      ];
    }
    const name = textAt(sku, 'usageName') ?? `OpenAI.${want.sku}.${want.model}`;
    const usage = usages.find((entry) => textAt(entry, 'name.value') === name);
    const left = (numberAt(usage, 'limit') ?? 0) - (numberAt(usage, 'currentValue') ?? 0);
    if (!countQuota || usage === undefined || left >= want.capacity) return [];
    return [
      `${name} has ${left} left of ${numberAt(usage, 'limit')}, and ${want.capacity} are asked for. Lower the capacity in infra/models.json, ask for quota, or keep the deployment that has it.`,
    ];
  });
}

/** Whether whoever is signed in may give roles: without that, all resources are made and none may use another. */
export async function mayGiveRoles(arm: Azure, subscription: string): Promise<boolean> {
  const permissions = await arm.all(
    `/subscriptions/${subscription}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`,
  );
  const action = 'microsoft.authorization/roleassignments/write';
  const names = (permission: unknown, list: string) =>
    listAt(permission, list).some((pattern) => fits(String(pattern).toLowerCase(), action));
  return permissions.some((permission) => names(permission, 'actions') && !names(permission, 'notActions'));
}

const fits = (pattern: string, action: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.\\+?^${}()|[\]]/g, '\\$&'))
      .join('.*')}$`,
  ).test(action);

/** Accounts of Azure AI that were deleted with this environment and still hold its names. */
export async function deletedAccounts(arm: Azure, subscription: string, resourceGroup: string): Promise<string[]> {
  const deleted = await arm.all(
    `/subscriptions/${subscription}/providers/Microsoft.CognitiveServices/deletedAccounts?api-version=2025-06-01`,
  );
  const group = `/resourcegroups/${resourceGroup.toLowerCase()}/`;
  return deleted.map((account) => textAt(account, 'id') ?? '').filter((id) => id.toLowerCase().includes(group));
}

export async function groupExists(arm: Azure, subscription: string, resourceGroup: string): Promise<boolean> {
  const path = `/subscriptions/${subscription}/resourcegroups/${resourceGroup}?api-version=2021-04-01`;
  const { status } = await arm.ask('HEAD', path, { expect: [404] });
  return status !== 404;
}
