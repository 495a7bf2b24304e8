import { at, type Expansion, HALF_TYPES, HALVES, halfOf, isOfType, ofType, placeOf, shown } from './expansion.ts';
import { isUnknown } from './expression.ts';
import type { Finding } from './finding.ts';

interface Rule {
  readonly type: string;
  readonly path: string;
  readonly allowed: readonly unknown[] | { readonly least: number; readonly most: number };
}

const APP = 'Microsoft.App/containerApps';
const SITE = 'Microsoft.Web/sites';
const STORAGE = 'Microsoft.Storage/storageAccounts';
const REDIS = 'Microsoft.Cache/redisEnterprise';
const COMMUNICATION = 'Microsoft.Communication/communicationServices';
const AI = 'Microsoft.CognitiveServices/accounts';

const INGRESS = 'properties.configuration.ingress';
const FLEX = 'properties.functionAppConfig';

/**
 * Where ACS keeps data; its type takes any text. From Microsoft's page on its data residency, November 2026, whose United
 * Kingdom and United Arab Emirates the service calls UK and UAE.
 */
const DATA_LOCATIONS = [
  ...[
    'Africa',
    'Asia Pacific',
    'Australia',
    'Brazil',
    'Canada',
    'Europe',
    'France',
    'Germany',
    'India',
    'Japan',
    'Korea',
  ],
  ...['Norway', 'Switzerland', 'UAE', 'UK', 'United States'],
];
/** Kinds of capacity of a model that cost by what is used. */
const MODEL_SKUS = ['Standard', 'GlobalStandard', 'DataZoneStandard'];
/** Deployments of models that may cost by the hour, used or not, by their names: put yours here where you mean it. */
const PROVISIONED: ReadonlySet<string> = new Set();

/** What is open to the world and how it is spoken with, what would lose calls, and what the services take. */
const RULES: readonly Rule[] = [
  { type: STORAGE, path: 'properties.minimumTlsVersion', allowed: ['TLS1_2', 'TLS1_3'] },
  { type: STORAGE, path: 'properties.allowBlobPublicAccess', allowed: [false] },
  { type: STORAGE, path: 'properties.supportsHttpsTrafficOnly', allowed: [true] },
  { type: `${STORAGE}/blobServices/containers`, path: 'properties.publicAccess', allowed: [undefined, 'None'] },
  { type: REDIS, path: 'properties.minimumTlsVersion', allowed: ['1.2', '1.3'] },
  { type: `${REDIS}/databases`, path: 'properties.clientProtocol', allowed: ['Encrypted'] },
  // A session that vanished for want of room would be a call that nobody knows; scripts of ours touch several keys.
  { type: `${REDIS}/databases`, path: 'properties.evictionPolicy', allowed: ['NoEviction'] },
  { type: `${REDIS}/databases`, path: 'properties.clusteringPolicy', allowed: ['NoCluster', 'EnterpriseCluster'] },
  { type: `${REDIS}/databases/accessPolicyAssignments`, path: 'properties.accessPolicyName', allowed: ['default'] },
  {
    type: 'Microsoft.ContainerRegistry/registries',
    path: 'properties.anonymousPullEnabled',
    allowed: [undefined, false],
  },
  { type: COMMUNICATION, path: 'location', allowed: ['global'] },
  { type: COMMUNICATION, path: 'properties.dataLocation', allowed: DATA_LOCATIONS },
  // The topic of a source that is global is global.
  { type: 'Microsoft.EventGrid/systemTopics', path: 'location', allowed: ['global'] },
  { type: AI, path: 'kind', allowed: ['AIServices', 'OpenAI', 'SpeechServices'] },
  { type: 'Microsoft.Web/serverfarms', path: 'sku.name', allowed: ['FC1'] },
  { type: 'Microsoft.Web/serverfarms', path: 'properties.reserved', allowed: [true] },
  { type: SITE, path: 'kind', allowed: ['functionapp,linux'] },
  { type: SITE, path: 'properties.httpsOnly', allowed: [true] },
  { type: SITE, path: 'properties.siteConfig.minTlsVersion', allowed: ['1.2', '1.3'] },
  { type: SITE, path: 'properties.siteConfig.ftpsState', allowed: ['Disabled'] },
  { type: SITE, path: `${FLEX}.deployment.storage.authentication.type`, allowed: ['UserAssignedIdentity'] },
  { type: SITE, path: `${FLEX}.scaleAndConcurrency.instanceMemoryMB`, allowed: [512, 2048, 4096] },
  { type: SITE, path: `${FLEX}.scaleAndConcurrency.maximumInstanceCount`, allowed: { least: 40, most: 1000 } },
  { type: APP, path: `${INGRESS}.allowInsecure`, allowed: [undefined, false] },
  { type: APP, path: `${INGRESS}.external`, allowed: [true] },
  { type: APP, path: 'properties.configuration.activeRevisionsMode', allowed: ['Single'] },
  { type: `${APP}/authConfigs`, path: 'properties.platform.enabled', allowed: [true] },
  {
    type: `${APP}/authConfigs`,
    path: 'properties.globalValidation.unauthenticatedClientAction',
    allowed: ['RedirectToLoginPage', 'Return401'],
  },
  {
    type: `${APP}/authConfigs`,
    path: 'properties.identityProviders.azureActiveDirectory.enabled',
    allowed: [undefined, true],
  },
  // ACS and Event Grid call in from outside.
  {
    type: 'Microsoft.App/managedEnvironments',
    path: 'properties.vnetConfiguration.internal',
    allowed: [undefined, false],
  },
  {
    type: 'Microsoft.OperationalInsights/workspaces',
    path: 'properties.retentionInDays',
    allowed: { least: 30, most: 730 },
  },
  { type: 'Microsoft.Insights/scheduledQueryRules', path: 'properties.severity', allowed: { least: 0, most: 4 } },
  // A table is there from its first line on: validated, a question to it fails the first deployment.
  { type: 'Microsoft.Insights/scheduledQueryRules', path: 'properties.skipQueryValidation', allowed: [true] },
  { type: 'Microsoft.Insights/metricAlerts', path: 'location', allowed: ['global'] },
  { type: 'Microsoft.Insights/webtests', path: 'properties.Enabled', allowed: [true] },
  { type: 'Microsoft.Insights/webtests', path: 'properties.Frequency', allowed: [300, 600, 900] },
  { type: 'Microsoft.Insights/webtests', path: 'properties.ValidationRules.ExpectedHttpStatusCode', allowed: [200] },
];

/** Values that a resource must have, and tags by which azd finds it. */
export function valueFindings(expansion: Expansion): Finding[] {
  const finding = (where: string, what: string, allowed: string): Finding => ({
    check: 'values',
    where,
    what,
    allowed,
  });
  const rules = expansion.resources.flatMap((resource) =>
    RULES.filter(({ type }) => isOfType(resource, type)).flatMap(({ path, allowed }) => {
      const value = at(resource, path);
      return isAllowed(value, allowed)
        ? []
        : [finding(placeOf(expansion, resource, path), shown(value), textOf(allowed))];
    }),
  );
  const provisioned = ofType(expansion, `${AI}/deployments`)
    .filter((model) => !PROVISIONED.has(model.name.split('/').at(-1) ?? ''))
    .filter((model) => !isAllowed(at(model, 'sku.name'), MODEL_SKUS))
    .map((model) => {
      const allowed = `${textOf(MODEL_SKUS)}, or its name in PROVISIONED of infra/check/required-values.ts`;
      return finding(placeOf(expansion, model, 'sku.name'), shown(at(model, 'sku.name')), allowed);
    });
  const unnamed = ofType(expansion, AI)
    .filter((account) => !at(account, 'properties.customSubDomainName'))
    .map((account) => {
      const where = placeOf(expansion, account, 'properties.customSubDomainName');
      return finding(where, 'not set', 'a name: without one Entra is refused');
    });
  const halves = HALVES.filter((half) => halfOf(expansion, half) === undefined).map((half) => {
    const what = `no ${HALF_TYPES[half]} has the tag azd-service-name "${half}"`;
    return finding(expansion.name, what, 'one has it: azd deploys to it');
  });
  const tagless = ofType(expansion, 'Microsoft.Resources/resourceGroups')
    .filter(({ tags }) => tags?.['azd-env-name'] === undefined)
    .map((group) =>
      finding(placeOf(expansion, group, 'tags'), 'azd-env-name is not set', 'the name of the environment'),
    );
  return [...rules, ...provisioned, ...unnamed, ...halves, ...tagless];
}

/** The choice of places for data that our own types give, against ACS' own. */
export function dataLocationFindings(types: string): Finding[] {
  const union = /\bdataLocation:((?:\s*\|?\s*'[^']+')+)/.exec(types)?.[1] ?? '';
  const given = [...union.matchAll(/'([^']+)'/g)].map(([, place = '']) => place);
  const wrong = [
    ...given.filter((place) => !DATA_LOCATIONS.includes(place)).map((place) => `ACS has no "${place}"`),
    ...DATA_LOCATIONS.filter((place) => !given.includes(place)).map((place) => `"${place}" is not among them`),
  ];
  return wrong.map((what) => ({
    check: 'values',
    where: 'infra/types.bicep dataLocation',
    what,
    allowed: DATA_LOCATIONS.join(', '),
  }));
}

function isAllowed(value: unknown, allowed: Rule['allowed']): boolean {
  // A parameter may be known at run time only; a type holds it then.
  if (isUnknown(value)) return true;
  if ('least' in allowed) return typeof value === 'number' && value >= allowed.least && value <= allowed.most;
  return allowed.includes(value);
}

const textOf = (allowed: Rule['allowed']): string =>
  'least' in allowed ? `${allowed.least} to ${allowed.most}` : allowed.map(shown).join(' or ');
