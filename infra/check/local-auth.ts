import type { AzureTypes } from './azure-types.ts';
import { at, type Expansion, isOfType, placeOf, type Resource, shown } from './expansion.ts';
import { callsIn, expressionOf } from './expression.ts';
import type { Finding } from './finding.ts';
import { isSecretSetting } from './settings.ts';

/** What a resource must say, so that nobody gets in by a key or a password. */
interface Rule {
  readonly type: string;
  readonly path: string;
  readonly must: unknown;
}

const RULES: readonly Rule[] = [
  { type: 'Microsoft.Communication/communicationServices', path: 'properties.disableLocalAuth', must: true },
  { type: 'Microsoft.CognitiveServices/accounts', path: 'properties.disableLocalAuth', must: true },
  { type: 'Microsoft.Cache/redisEnterprise/databases', path: 'properties.accessKeysAuthentication', must: 'Disabled' },
  { type: 'Microsoft.Storage/storageAccounts', path: 'properties.allowSharedKeyAccess', must: false },
  { type: 'Microsoft.Insights/components', path: 'properties.DisableLocalAuth', must: true },
  { type: 'Microsoft.OperationalInsights/workspaces', path: 'properties.features.disableLocalAuth', must: true },
  { type: 'Microsoft.ContainerRegistry/registries', path: 'properties.adminUserEnabled', must: false },
  { type: 'Microsoft.EventGrid/topics', path: 'properties.disableLocalAuth', must: true },
  { type: 'Microsoft.EventGrid/domains', path: 'properties.disableLocalAuth', must: true },
  { type: 'Microsoft.KeyVault/vaults', path: 'properties.enableRbacAuthorization', must: true },
  { type: 'Microsoft.Web/sites/basicPublishingCredentialsPolicies', path: 'properties.allow', must: false },
];

/** Each site needs both: deployment by user name and password is open unless they say otherwise. */
const PUBLISHING = ['ftp', 'scm'] as const;
const POLICY = 'Microsoft.Web/sites/basicPublishingCredentialsPolicies';

/** Functions of a template that give out a key. */
const GIVES_A_SECRET = /^list(?!Output)\w*$/i;

/** No key, password or connection string lets anybody in anywhere, and none is read. */
export function localAuthFindings(expansion: Expansion, types?: AzureTypes): Finding[] {
  return expansion.resources.flatMap((resource) => [
    ...rulesFor(resource, types).flatMap(({ path, must }) => holds(expansion, resource, path, must)),
    ...publishing(expansion, resource),
    ...logKey(expansion, resource),
    ...[...secretsIn(resource, '')].map(({ path, call }) =>
      finding(expansion, resource, path, `${call}() gives out a key`, 'an identity in place of a key'),
    ),
  ]);
}

/** What whoever may read a deployment may read. */
export function outputSecrets(expansion: Expansion): Finding[] {
  return Object.entries(expansion.outputs).flatMap(([name, value]) => {
    const secret =
      [...secretsIn(value, '')][0]?.call ??
      [...keysIn(value)].find((key) => isSecretSetting(key)) ??
      /(connectionString|instrumentationKey|\w+Key)\b/i.exec(String(value))?.[0];
    if (secret === undefined) return [];
    const where = `${expansion.name}: output ${name}`;
    return [
      { check: 'outputs', where, what: `it gives out a secret (${secret})`, allowed: 'names and addresses' } as const,
    ];
  });
}

function* keysIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    yield name;
    yield* keysIn(inner);
  }
}

const finding = (expansion: Expansion, resource: Resource, path: string, what: string, allowed: string): Finding => ({
  check: 'local-auth',
  where: placeOf(expansion, resource, path),
  what,
  allowed,
});

function holds(expansion: Expansion, resource: Resource, path: string, must: unknown): Finding[] {
  const value = at(resource, path);
  return value === must ? [] : [finding(expansion, resource, path, shown(value), JSON.stringify(must))];
}

/** The rules of the table, and one for every type that can do without local authentication, whatever it is. */
function rulesFor(resource: Resource, types: AzureTypes | undefined): readonly Pick<Rule, 'path' | 'must'>[] {
  const known = RULES.filter(({ type }) => isOfType(resource, type));
  if (known.length > 0 || types === undefined) return known;
  const name = types
    .propertiesOf(resource.type, resource.apiVersion)
    .find((property) => /^disableLocalAuth$/i.test(property));
  return name === undefined ? [] : [{ path: `properties.${name}`, must: true }];
}

function publishing(expansion: Expansion, resource: Resource): Finding[] {
  if (!isOfType(resource, 'Microsoft.Web/sites')) return [];
  const names = expansion.resources.filter((other) => isOfType(other, POLICY)).map(({ name }) => name);
  return PUBLISHING.filter((kind) => !names.includes(`${resource.name}/${kind}`)).map((kind) =>
    finding(expansion, resource, '', `there is no ${POLICY} "${kind}"`, 'one that does not allow it'),
  );
}

/** That destination is reached with the workspace's shared key; `azure-monitor` with diagnostic settings needs none. */
function logKey(expansion: Expansion, resource: Resource): Finding[] {
  if (!isOfType(resource, 'Microsoft.App/managedEnvironments')) return [];
  const path = 'properties.appLogsConfiguration.destination';
  const destination = at(resource, path);
  return destination === 'log-analytics'
    ? [finding(expansion, resource, path, shown(destination), '"azure-monitor"')]
    : [];
}

function* secretsIn(value: unknown, path: string): Generator<{ path: string; call: string }> {
  if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) yield* secretsIn(inner, path === '' ? name : `${path}.${name}`);
    return;
  }
  const expression = expressionOf(value);
  const call = expression && callsIn(expression).find((name) => GIVES_A_SECRET.test(name));
  if (call !== undefined) yield { path, call };
}
