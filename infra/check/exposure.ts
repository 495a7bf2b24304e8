import { at, type Expansion, HALF_TYPES, HALVES, halfOf, isOfType, ofType, placeOf, shown } from './expansion.ts';
import type { Finding } from './finding.ts';

interface Rule {
  readonly type: string;
  readonly path: string;
  readonly allowed: readonly unknown[];
}

/** What is open to the world and how it is spoken with, and what would lose calls. */
const RULES: readonly Rule[] = [
  { type: 'Microsoft.Storage/storageAccounts', path: 'properties.minimumTlsVersion', allowed: ['TLS1_2', 'TLS1_3'] },
  { type: 'Microsoft.Storage/storageAccounts', path: 'properties.allowBlobPublicAccess', allowed: [false] },
  { type: 'Microsoft.Storage/storageAccounts', path: 'properties.supportsHttpsTrafficOnly', allowed: [true] },
  {
    type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
    path: 'properties.publicAccess',
    allowed: [undefined, 'None'],
  },
  { type: 'Microsoft.Cache/redisEnterprise', path: 'properties.minimumTlsVersion', allowed: ['1.2', '1.3'] },
  { type: 'Microsoft.Cache/redisEnterprise/databases', path: 'properties.clientProtocol', allowed: ['Encrypted'] },
  {
    type: 'Microsoft.ContainerRegistry/registries',
    path: 'properties.anonymousPullEnabled',
    allowed: [undefined, false],
  },
  { type: 'Microsoft.Web/sites', path: 'properties.httpsOnly', allowed: [true] },
  { type: 'Microsoft.Web/sites', path: 'properties.siteConfig.minTlsVersion', allowed: ['1.2', '1.3'] },
  { type: 'Microsoft.Web/sites', path: 'properties.siteConfig.ftpsState', allowed: ['Disabled'] },
  {
    type: 'Microsoft.App/containerApps',
    path: 'properties.configuration.ingress.allowInsecure',
    allowed: [undefined, false],
  },
  { type: 'Microsoft.App/containerApps', path: 'properties.configuration.ingress.external', allowed: [true] },
  { type: 'Microsoft.App/containerApps', path: 'properties.configuration.activeRevisionsMode', allowed: ['Single'] },
  // A session that vanished for want of room would be a call that nobody knows; scripts of ours touch several keys.
  { type: 'Microsoft.Cache/redisEnterprise/databases', path: 'properties.evictionPolicy', allowed: ['NoEviction'] },
  {
    type: 'Microsoft.Cache/redisEnterprise/databases',
    path: 'properties.clusteringPolicy',
    allowed: ['NoCluster', 'EnterpriseCluster'],
  },
  { type: 'Microsoft.Web/serverfarms', path: 'sku.name', allowed: ['FC1'] },
  { type: 'Microsoft.Web/serverfarms', path: 'properties.reserved', allowed: [true] },
  { type: 'Microsoft.Web/sites', path: 'kind', allowed: ['functionapp,linux'] },
  {
    type: 'Microsoft.Web/sites',
    path: 'properties.functionAppConfig.deployment.storage.authentication.type',
    allowed: ['UserAssignedIdentity'],
  },
  { type: 'Microsoft.Insights/webtests', path: 'properties.Enabled', allowed: [true] },
  { type: 'Microsoft.Insights/webtests', path: 'properties.ValidationRules.ExpectedHttpStatusCode', allowed: [200] },
];

export function exposureFindings(expansion: Expansion): Finding[] {
  const finding = (where: string, what: string, allowed: string): Finding => ({
    check: 'exposure',
    where,
    what,
    allowed,
  });
  const rules = expansion.resources.flatMap((resource) =>
    RULES.filter(({ type }) => isOfType(resource, type)).flatMap(({ path, allowed }) => {
      const value = at(resource, path);
      if (allowed.includes(value)) return [];
      return [finding(placeOf(expansion, resource, path), shown(value), allowed.map(shown).join(' or '))];
    }),
  );
  const unnamed = ofType(expansion, 'Microsoft.CognitiveServices/accounts')
    .filter((account) => !at(account, 'properties.customSubDomainName'))
    .map((account) =>
      finding(
        placeOf(expansion, account, 'properties.customSubDomainName'),
        'not set',
        'a name: without one Entra is refused',
      ),
    );
  const halves = HALVES.filter((half) => halfOf(expansion, half) === undefined).map((half) =>
    finding(
      expansion.name,
      `no ${HALF_TYPES[half]} has the tag azd-service-name "${half}"`,
      'one has it: azd deploys to it',
    ),
  );
  const tagless = ofType(expansion, 'Microsoft.Resources/resourceGroups')
    .filter(({ tags }) => tags?.['azd-env-name'] === undefined)
    .map((group) =>
      finding(placeOf(expansion, group, 'tags'), 'azd-env-name is not set', 'the name of the environment'),
    );
  return [...rules, ...unnamed, ...halves, ...tagless];
}
