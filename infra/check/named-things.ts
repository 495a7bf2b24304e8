import { globSync } from 'node:fs';
import path from 'node:path';
import { at, type Expansion, listAt, ofType, placeOf, type Resource, shown } from './expansion.ts';
import { expressionOf, resourcesIn } from './expression.ts';
import type { Finding } from './finding.ts';
import { type Given, settingsOf } from './settings.ts';

/** Settings that name a deployment of a model, and the setting that says in which account it is. */
const DEPLOYMENTS = [
  ['AZURE_OPENAI_DEPLOYMENT', 'AZURE_OPENAI_BASE_URL'],
  ['AZURE_OPENAI_REALTIME_DEPLOYMENT', 'AZURE_OPENAI_BASE_URL'],
] as const;

const AI = 'Microsoft.CognitiveServices/accounts';
const CONTAINER = 'Microsoft.Storage/storageAccounts/blobServices/containers';
const COMMUNICATION = 'Microsoft.Communication/communicationServices';

/** Things that settings and templates name, and that must be there: deployments of models, agents, containers, a topic. */
export function namedThingFindings(root: string, expansion: Expansion): Finding[] {
  const finding = (where: string, what: string, allowed: string): Finding => ({
    check: 'references',
    where: `${expansion.name}: ${where}`,
    what,
    allowed,
  });
  const host = settingsOf(expansion, 'stream-host') ?? new Map();
  const deployments = DEPLOYMENTS.flatMap(([name, address]) => {
    const own = ofType(expansion, AI).find((account) => isAt(host.get(address), account));
    const wanted = host.get(name)?.value;
    if (own === undefined || wanted === undefined) return [];
    const there = ofType(expansion, `${AI}/deployments`)
      .filter((deployment) => deployment.name.startsWith(`${own.name}/`))
      .map((deployment) => deployment.name.slice(own.name.length + 1));
    return there.includes(wanted)
      ? []
      : [finding(`stream-host ${name}`, `there is no deployment "${wanted}"`, there.join(', '))];
  });

  const agents = globSync('agents/*.{yaml,yml}', { cwd: root }).map((file) => path.parse(file).name);
  const agent = host.get('DEFAULT_AGENT')?.value;
  const strangers =
    agent === undefined || agents.includes(agent)
      ? []
      : [finding('stream-host DEFAULT_AGENT', `there is no agent "${agent}"`, agents.join(', '))];

  const containers = ofType(expansion, CONTAINER).map(({ name }) => name.split('/').at(-1) ?? '');
  const named = [
    ...ofType(expansion, 'Microsoft.Web/sites').map((site) => ({
      place: placeOf(expansion, site, 'properties.functionAppConfig.deployment.storage.value'),
      value: at(site, 'properties.functionAppConfig.deployment.storage.value'),
    })),
    ...[...host]
      .filter(([name]) => name === 'CALL_RECORDS_URL')
      .map(([name, { raw }]) => ({ place: `stream-host ${name}`, value: raw })),
    ...ofType(expansion, 'Microsoft.Storage/storageAccounts/managementPolicies').flatMap((policy) =>
      listAt(policy, 'properties.policy.rules').flatMap((rule) =>
        listAt(rule, 'definition.filters.prefixMatch').map((value) => ({
          place: placeOf(expansion, policy, 'prefixMatch'),
          value,
        })),
      ),
    ),
  ];
  const gone = named
    .filter(({ value }) => !containers.some((name) => String(value).includes(name)))
    .map(({ place, value }) =>
      finding(place.replace(`${expansion.name}: `, ''), shown(value), `a container: ${containers.join(', ')}`),
    );

  const ages = ofType(expansion, 'Microsoft.Storage/storageAccounts/managementPolicies').flatMap((policy) =>
    listAt(policy, 'properties.policy.rules').flatMap((rule) => {
      const actions = at(rule, 'definition.actions.baseBlob');
      const cool = Number(at(actions, 'tierToCool.daysAfterModificationGreaterThan') ?? 0);
      const gone = Number(at(actions, 'delete.daysAfterModificationGreaterThan') ?? Number.POSITIVE_INFINITY);
      const place = `${policy.type} ${policy.name} ${at(rule, 'name')}`;
      return [
        ...(at(rule, 'enabled') === true ? [] : [finding(place, 'it is not enabled', 'true')]),
        ...(cool < gone ? [] : [finding(place, `cool after ${cool} days and deleted after ${gone}`, 'deleted later')]),
      ];
    }),
  );

  const acs: readonly unknown[] = ofType(expansion, COMMUNICATION).map(({ id }) => id);
  const topics = ofType(expansion, 'Microsoft.EventGrid/systemTopics')
    .filter(
      (topic) =>
        at(topic, 'properties.topicType') !== 'Microsoft.Communication.CommunicationServices' ||
        !acs.includes(at(topic, 'properties.source')),
    )
    .map((topic) =>
      finding(
        `Microsoft.EventGrid/systemTopics ${topic.name}`,
        `${shown(at(topic, 'properties.topicType'))} of ${shown(at(topic, 'properties.source'))}`,
        'Microsoft.Communication.CommunicationServices, of our own',
      ),
    );
  return [...deployments, ...strangers, ...gone, ...ages, ...topics];
}

/** Whether an address is one of an account's own: by its name, or by what the account says at run time. */
export function isAt(address: Given | undefined, account: Resource): boolean {
  if (address === undefined) return false;
  const expression = expressionOf(address.raw);
  if (expression !== undefined) return resourcesIn(expression).includes(account.id);
  return address.value.includes(`//${at(account, 'properties.customSubDomainName')}.`);
}
