import { at, type Expansion, isOfType, listAt, ofType, placeOf, type Resource, shown } from './expansion.ts';
import { expressionOf } from './expression.ts';
import type { Finding } from './finding.ts';
import { isAt } from './named-things.ts';
import { settingsOf } from './settings.ts';

interface PrivateService {
  readonly type: string;
  /** The part of the service that an endpoint is for. */
  readonly group: string;
  /** The names under which Azure's clients look for it in the network. */
  readonly zones: readonly string[];
}

/** Azure's list of private DNS zones, as far as it is about what is deployed here. */
const SERVICES: readonly PrivateService[] = [
  { type: 'Microsoft.Storage/storageAccounts', group: 'blob', zones: ['privatelink.blob.core.windows.net'] },
  { type: 'Microsoft.Cache/redisEnterprise', group: 'redisEnterprise', zones: ['privatelink.redis.azure.net'] },
  {
    type: 'Microsoft.CognitiveServices/accounts',
    group: 'account',
    zones: [
      'privatelink.cognitiveservices.azure.com',
      'privatelink.openai.azure.com',
      'privatelink.services.ai.azure.com',
    ],
  },
];

/** Container Apps and Flex Consumption both want a subnet of their own with this delegation. */
const DELEGATION = 'Microsoft.App/environments';
/** The least that each takes. */
const SMALLEST_PREFIX = 27;

/** A service is open to the world or has a private door that works, never neither. */
export function networkFindings(expansion: Expansion): Finding[] {
  return [
    ...SERVICES.flatMap((service) =>
      ofType(expansion, service.type).flatMap((resource) => doorFindings(expansion, service, resource)),
    ),
    ...ofType(expansion, 'Microsoft.Network/privateDnsZones').flatMap((zone) => linkFindings(expansion, zone)),
    ...ofType(expansion, 'Microsoft.Network/virtualNetworks').flatMap((network) => subnetFindings(expansion, network)),
  ];
}

const finding = (where: string, what: string, allowed: string): Finding => ({ check: 'network', where, what, allowed });

function doorFindings(expansion: Expansion, { group, zones }: PrivateService, resource: Resource): Finding[] {
  const isClosed = at(resource, 'properties.publicNetworkAccess') === 'Disabled';
  const where = placeOf(expansion, resource, 'properties.publicNetworkAccess');
  const connections = ofType(expansion, 'Microsoft.Network/privateEndpoints').flatMap((endpoint) =>
    listAt(endpoint, 'properties.privateLinkServiceConnections')
      .filter((connection) => at(connection, 'properties.privateLinkServiceId') === resource.id)
      .map((connection) => ({ endpoint, connection })),
  );
  const isAskedByAcs = isAt(settingsOf(expansion, 'functions')?.get('AZURE_SPEECH_ENDPOINT'), resource);
  if (isAskedByAcs && isClosed)
    return [finding(where, '"Disabled"', '"Enabled": ACS, which hears by it, comes from outside')];
  if (connections.length === 0)
    return isClosed ? [finding(where, 'closed, without a private endpoint', 'an endpoint, or "Enabled"')] : [];
  const acl = at(resource, 'properties.networkAcls.defaultAction');
  const open =
    isAskedByAcs || (isClosed && acl !== 'Allow')
      ? []
      : isClosed
        ? [finding(placeOf(expansion, resource, 'properties.networkAcls.defaultAction'), shown(acl), '"Deny"')]
        : [
            finding(
              where,
              shown(at(resource, 'properties.publicNetworkAccess')),
              '"Disabled": it has a private endpoint',
            ),
          ];
  return connections.reduce<Finding[]>((found, { endpoint, connection }) => {
    const groups = listAt(connection, 'properties.groupIds');
    if (groups.length !== 1 || groups[0] !== group) {
      found.push(finding(placeOf(expansion, endpoint, 'groupIds'), shown(groups), `["${group}"]`));
    }
    if (delegationsOf(expansion, at(endpoint, 'properties.subnet.id')).length > 0) {
      found.push(
        finding(placeOf(expansion, endpoint, 'properties.subnet'), 'a subnet that is delegated', 'one for endpoints'),
      );
    }
    const names = zonesOf(expansion, endpoint);
    for (const zone of zones.filter((name) => !names.includes(name))) {
      found.push(
        finding(placeOf(expansion, endpoint, 'privateDnsZoneGroups'), `${zone} does not lead to it`, zones.join(', ')),
      );
    }
    return found;
  }, open);
}

const zonesOf = (expansion: Expansion, endpoint: Resource): string[] =>
  ofType(expansion, 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups')
    .filter(({ name }) => name.startsWith(`${endpoint.name}/`))
    .flatMap((group) => listAt(group, 'properties.privateDnsZoneConfigs'))
    .map((config) => lastOf(at(config, 'properties.privateDnsZoneId')));

/** The name at the end of an id, which may be left as a call of `resourceId`. */
function lastOf(id: unknown): string {
  const expression = expressionOf(id);
  const name = expression?.kind === 'call' ? expression.args.at(-1) : undefined;
  return (
    String((name?.kind === 'value' ? name.value : id) ?? '')
      .split('/')
      .at(-1) ?? ''
  );
}

const delegationsOf = (expansion: Expansion, subnetId: unknown): readonly unknown[] =>
  ofType(expansion, 'Microsoft.Network/virtualNetworks').flatMap((network) =>
    listAt(network, 'properties.subnets')
      .filter((subnet) => `${network.id}/subnets/${at(subnet, 'name')}` === subnetId)
      .flatMap((subnet) => listAt(subnet, 'properties.delegations')),
  );

/** A zone that no network asks leads nobody anywhere. */
function linkFindings(expansion: Expansion, zone: Resource): Finding[] {
  const links = ofType(expansion, 'Microsoft.Network/privateDnsZones/virtualNetworkLinks');
  const isLinked = links.some(({ name }) => name.startsWith(`${zone.name}/`));
  return isLinked ? [] : [finding(placeOf(expansion, zone), 'no network is linked to it', 'a virtualNetworkLink')];
}

function subnetFindings(expansion: Expansion, network: Resource): Finding[] {
  const subnets = listAt(network, 'properties.subnets').map((subnet) => ({
    id: `${network.id}/subnets/${at(subnet, 'name')}`,
    where: placeOf(expansion, network, `subnet ${at(subnet, 'name')}`),
    range: rangeOf(String(at(subnet, 'properties.addressPrefix'))),
    delegations: listAt(subnet, 'properties.delegations').map((delegation) => at(delegation, 'properties.serviceName')),
  }));
  const spaces = listAt(network, 'properties.addressSpace.addressPrefixes').map((prefix) => rangeOf(String(prefix)));
  const users = expansion.resources.flatMap((resource) => {
    const subnet = usedSubnet(resource);
    return typeof subnet === 'string' ? [{ resource, subnet }] : [];
  });
  return subnets.flatMap(({ id, where, range, delegations }, index) => {
    const found: Finding[] = [];
    const mine = users.filter(({ subnet }) => subnet === id);
    if (mine.length > 1)
      found.push(
        finding(
          where,
          `it has ${mine.map(({ resource }) => resource.name).join(' and ')}`,
          'one: neither shares its subnet',
        ),
      );
    if (mine.length > 0 && (delegations.length !== 1 || delegations[0] !== DELEGATION)) {
      found.push(finding(where, `delegations are ${shown(delegations)}`, `["${DELEGATION}"]`));
    }
    if (mine.length > 0 && range.prefix > SMALLEST_PREFIX)
      found.push(finding(where, `/${range.prefix}`, `/${SMALLEST_PREFIX} or larger`));
    if (spaces.every((space) => !contains(space, range)))
      found.push(finding(where, 'it lies outside the network', 'addresses of the network'));
    const other = subnets.slice(0, index).find((before) => overlap(before.range, range));
    if (other) found.push(finding(where, `it overlaps ${other.where}`, 'addresses of its own'));
    return found;
  });
}

const usedSubnet = (resource: Resource): unknown =>
  isOfType(resource, 'Microsoft.App/managedEnvironments')
    ? at(resource, 'properties.vnetConfiguration.infrastructureSubnetId')
    : at(resource, 'properties.virtualNetworkSubnetId');

interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

function rangeOf(text: string): Range {
  const [address = '', length = '32'] = text.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const prefix = Number(length);
  return { first, last: first + 2 ** (32 - prefix) - 1, prefix };
}

const contains = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;
const overlap = (one: Range, other: Range): boolean => one.first <= other.last && other.first <= one.last;
