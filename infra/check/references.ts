import {
  at,
  type Expansion,
  identitiesOf,
  isOfType,
  listAt,
  ofType,
  placeOf,
  type Resource,
  shown,
} from './expansion.ts';
import { expressionOf, resourcesIn } from './expression.ts';
import type { Finding } from './finding.ts';

/** What is named by an id and is no resource of a deployment. */
const NOT_DEPLOYED = /\/providers\/Microsoft\.(Authorization\/roleDefinitions|Resources\/deployments)\//i;

/** What would be there without it, and do nothing. */
const NEEDED: readonly { readonly type: string; readonly path: string; readonly to: string }[] = [
  {
    type: 'Microsoft.Insights/components',
    path: 'properties.WorkspaceResourceId',
    to: 'Microsoft.OperationalInsights/workspaces',
  },
  {
    type: 'Microsoft.Insights/diagnosticSettings',
    path: 'properties.workspaceId',
    to: 'Microsoft.OperationalInsights/workspaces',
  },
  { type: 'Microsoft.Web/sites', path: 'properties.serverFarmId', to: 'Microsoft.Web/serverfarms' },
  { type: 'Microsoft.App/containerApps', path: 'properties.environmentId', to: 'Microsoft.App/managedEnvironments' },
  {
    type: 'Microsoft.App/containerApps',
    path: 'properties.configuration.registries.0.identity',
    to: 'Microsoft.ManagedIdentity/userAssignedIdentities',
  },
];

const IDENTITY = /\/userAssignedIdentities\//i;

/** Ids of resources that are not there, identities of others, and identities that nobody has. */
export function referenceFindings(expansion: Expansion): Finding[] {
  const finding = (where: string, what: string, allowed: string): Finding => ({
    check: 'references',
    where,
    what,
    allowed,
  });
  const there = new Set(expansion.resources.flatMap((resource) => [resource.id, ...subnetsOf(resource)]).map(lower));
  const groups = ofType(expansion, 'Microsoft.Resources/resourceGroups').map(({ id }) => `${lower(id)}/`);
  const isOurs = (id: string) => groups.length === 0 || groups.some((group) => lower(id).startsWith(group));
  const dangling = expansion.resources.flatMap((resource) =>
    [...idsIn(withoutOwn(resource), '')]
      .filter(({ id }) => isOurs(id) && !there.has(lower(id)) && !NOT_DEPLOYED.test(id))
      .map(({ path, id }) =>
        finding(
          placeOf(expansion, resource, path),
          `it names ${nameOf(id)}, which is not deployed`,
          'a resource of this deployment',
        ),
      ),
  );
  const borrowed = expansion.resources.flatMap((resource) => {
    const own = identitiesOf(resource).map(lower);
    const named = own.length === 0 ? [] : [...idsIn(withoutOwn(resource), '')];
    return named
      .filter(({ id }) => IDENTITY.test(id) && !own.includes(lower(id)))
      .map(({ path, id }) =>
        finding(placeOf(expansion, resource, path), `it names the identity ${nameOf(id)}`, 'one that it has'),
      );
  });
  const loose = NEEDED.flatMap(({ type, path, to }) => {
    const targets: readonly unknown[] = ofType(expansion, to).map(({ id }) => id);
    return ofType(expansion, type)
      .filter((resource) => !targets.includes(at(resource, path)))
      .map((resource) =>
        finding(placeOf(expansion, resource, path), shown(at(resource, path)), `the id of a ${to} of this deployment`),
      );
  });
  const ids = expansion.resources.map(({ id }) => id);
  const twice = expansion.resources
    .filter(({ id }, index) => ids.indexOf(id) !== index)
    .map((resource) => finding(placeOf(expansion, resource), 'it is there twice', 'a name of its own'));
  const had = new Set(expansion.resources.flatMap(identitiesOf).map(lower));
  const idle = ofType(expansion, 'Microsoft.ManagedIdentity/userAssignedIdentities')
    .filter(({ id }) => !had.has(lower(id)))
    .map((identity) => finding(placeOf(expansion, identity), 'nobody has this identity', 'one a half'));
  return [...dangling, ...borrowed, ...loose, ...twice, ...idle];
}

const lower = (id: string): string => id.toLowerCase();
const nameOf = (id: string): string => id.split(/\/providers\//i).at(-1) ?? id;

/** Its own id, and that of what it extends, say nothing that its template does not. */
const withoutOwn = (resource: Resource): Record<string, unknown> =>
  Object.fromEntries(Object.entries(resource).filter(([key]) => key !== 'id' && key !== 'name'));

function subnetsOf(resource: Resource): string[] {
  if (!isOfType(resource, 'Microsoft.Network/virtualNetworks')) return [];
  return listAt(resource, 'properties.subnets').map((subnet) => `${resource.id}/subnets/${at(subnet, 'name')}`);
}

function* idsIn(value: unknown, path: string): Generator<{ path: string; id: string }> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const isId = key.includes('/subscriptions/');
      const place = [path, isId ? '' : key].filter(Boolean).join('.');
      if (isId) yield { path: place, id: key.slice(key.indexOf('/subscriptions/')) };
      yield* idsIn(inner, place);
    }
    return;
  }
  if (typeof value !== 'string') return;
  const expression = expressionOf(value);
  const ids = expression === undefined ? [value] : resourcesIn(expression);
  for (const id of ids) if (/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\//i.test(id)) yield { path, id };
}
