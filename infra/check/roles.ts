import {
  at,
  type Expansion,
  HALVES,
  type Half,
  halfOf,
  identitiesOf,
  ofType,
  placeOf,
  type Resource,
  scopeOf,
  shown,
} from './expansion.ts';
import { expressionOf, resourcesIn } from './expression.ts';
import type { Finding } from './finding.ts';
import { settingsOf } from './settings.ts';
import { standIn } from './stand-in.ts';

/**
 * Azure's built-in roles that are used here, by their ids. From the reference of built-in roles; two samples of Microsoft's
 * own have a comment that names another role than the id beside it.
 */
export const ROLES = {
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull',
  'a97b65f3-24c7-4388-baec-2e87135dc908': 'Cognitive Services User',
  '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd': 'Cognitive Services OpenAI User',
  'f2dc8367-1007-4938-bd23-fe263f013447': 'Cognitive Services Speech User',
  '09976791-48a7-449e-bb21-39d1a415f350': 'Communication and Email Service Owner',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
} as const satisfies Record<string, string>;
export type RoleName = (typeof ROLES)[keyof typeof ROLES];

/** Who can be given a role: the identity of each half, and that of ACS itself, which hears by Speech. */
export type Holder = 'functions' | 'stream-host' | 'acs';

export interface Grant {
  readonly role: RoleName;
  /** The type of the resource that it is given for, never a resource group or a subscription. */
  readonly on: string;
  readonly why: string;
  /** What names the very resource, where there may be several of its type: an id or an address in the template. */
  readonly at?: (expansion: Expansion) => unknown;
  /** Where only some deployments need it: whether this one does. */
  readonly if?: (expansion: Expansion) => boolean;
}

const COMMUNICATION = 'Microsoft.Communication/communicationServices';
const AI = 'Microsoft.CognitiveServices/accounts';
const INSIGHTS = 'Microsoft.Insights/components';

const RECORDS = 'Microsoft.Storage/storageAccounts/blobServices/containers';

const setting = (half: Half, name: string) => (expansion: Expansion) => settingsOf(expansion, half)?.get(name)?.raw;
const packageAddress = (expansion: Expansion) =>
  at(halfOf(expansion, 'functions'), 'properties.functionAppConfig.deployment.storage.value');
const hasSetting = (name: string, pattern: RegExp) => (expansion: Expansion) =>
  pattern.test(settingsOf(expansion, 'stream-host')?.get(name)?.value ?? '');

/** The least that each identity needs, which is all that it has. Redis has no roles: its own policy is in the same place. */
export const GRANTS: Readonly<Record<Holder, readonly Grant[]>> = {
  functions: [
    {
      role: 'Storage Blob Data Owner',
      on: 'Microsoft.Storage/storageAccounts',
      at: packageAddress,
      why: 'the host’s locks, keys and package',
    },
    {
      role: 'Storage Blob Data Contributor',
      on: RECORDS,
      at: setting('functions', 'CALL_RECORDS_URL'),
      why: 'to write records of calls',
    },
    {
      role: 'Communication and Email Service Owner',
      on: COMMUNICATION,
      at: setting('functions', 'ACS_ENDPOINT'),
      why: 'to answer and place calls',
    },
    { role: 'Monitoring Metrics Publisher', on: INSIGHTS, why: 'to send telemetry' },
  ],
  'stream-host': [
    { role: 'AcrPull', on: 'Microsoft.ContainerRegistry/registries', why: 'to pull its image' },
    {
      role: 'Communication and Email Service Owner',
      on: COMMUNICATION,
      at: setting('stream-host', 'ACS_ENDPOINT'),
      why: 'to end calls',
    },
    {
      role: 'Cognitive Services Speech User',
      on: AI,
      at: setting('stream-host', 'SPEECH_HOST'),
      why: 'to hear and to speak',
    },
    {
      role: 'Cognitive Services OpenAI User',
      on: AI,
      at: setting('stream-host', 'AZURE_OPENAI_BASE_URL'),
      why: 'to ask the model',
    },
    {
      role: 'Cognitive Services Speech User',
      on: AI,
      at: setting('stream-host', 'SPEECH_FALLBACK_HOST'),
      why: 'to hear and to speak while the first fails',
      if: hasSetting('SPEECH_FALLBACK_HOST', /./),
    },
    {
      role: 'Cognitive Services OpenAI User',
      on: AI,
      at: setting('stream-host', 'AZURE_OPENAI_FALLBACK_BASE_URL'),
      why: 'to ask the model while the first fails',
      if: hasSetting('AZURE_OPENAI_FALLBACK_BASE_URL', /./),
    },
    {
      role: 'Cognitive Services User',
      on: AI,
      at: setting('stream-host', 'AZURE_VOICE_LIVE_ENDPOINT'),
      why: 'to use Voice Live',
      if: hasSetting('AZURE_VOICE_LIVE_ENDPOINT', /./),
    },
    {
      role: 'Storage Blob Data Contributor',
      on: RECORDS,
      at: setting('stream-host', 'CALL_RECORDS_URL'),
      why: 'to write records of calls',
    },
    { role: 'Monitoring Metrics Publisher', on: INSIGHTS, why: 'to send telemetry' },
  ],
  acs: [
    {
      role: 'Cognitive Services User',
      on: AI,
      at: setting('functions', 'AZURE_SPEECH_ENDPOINT'),
      why: 'to hear by Speech itself',
      if: hasSetting('TRANSCRIPTION_SOURCE', /^acs$/),
    },
  ],
};

const ASSIGNMENT = 'Microsoft.Authorization/roleAssignments';

/** Role ids, and each identity's exact set of roles. */
export function roleFindings(expansion: Expansion): Finding[] {
  const finding = (where: string, what: string, allowed: string): Finding => ({ check: 'roles', where, what, allowed });
  const holders = holdersOf(expansion);
  const given = new Map<Holder, Set<Grant>>(holders.map(({ holder }) => [holder, new Set()]));
  const found: Finding[] = [];
  for (const assignment of ofType(expansion, ASSIGNMENT)) {
    const scope = scopeOf(assignment);
    const where = placeOf(expansion, assignment, `on ${scope.name}`);
    const role = roleOf(assignment);
    const principal = principalIn(at(assignment, 'properties.principalId'));
    const holder = holders.find(({ id }) => id === principal)?.holder;
    if (at(assignment, 'properties.principalType') !== 'ServicePrincipal') {
      found.push(
        finding(
          where,
          `principalType is ${shown(at(assignment, 'properties.principalType'))}`,
          '"ServicePrincipal": a new identity is not known everywhere at once',
        ),
      );
    }
    if (role === undefined) {
      found.push(
        finding(
          where,
          `the role is ${shown(at(assignment, 'properties.roleDefinitionId'))}`,
          Object.values(ROLES).join(', '),
        ),
      );
    } else if (holder === undefined) {
      found.push(
        finding(
          where,
          `"${role}" is given to ${shown(at(assignment, 'properties.principalId'))}`,
          `only ${holders.map((known) => known.holder).join(', ')}`,
        ),
      );
    } else {
      const wanted = grantsOf(expansion, holder);
      const matching = wanted.filter((grant) => grant.role === role && isFor(expansion, grant, scope));
      if (matching.length === 0) {
        const what = `${holder} is given "${role}" on ${scope.type} ${scope.name}`;
        found.push(finding(where, what, wanted.map((grant) => nameOf(expansion, grant)).join(', ') || 'nothing'));
      }
      for (const grant of matching) given.get(holder)?.add(grant);
    }
  }
  for (const [holder, grants] of given) {
    for (const grant of grantsOf(expansion, holder).filter((known) => !grants.has(known))) {
      const what = `it is not given ${nameOf(expansion, grant)}`;
      found.push(finding(`${expansion.name}: ${holder}`, what, `it needs that ${grant.why}`));
    }
  }
  return [...found, ...redisFindings(expansion, holders)];
}

/** Redis lets in exactly the two halves, by its one policy. */
function redisFindings(expansion: Expansion, holders: ReturnType<typeof holdersOf>): Finding[] {
  const type = 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments';
  const members = ofType(expansion, type).map((assignment) => ({
    assignment,
    holder: holders.find(({ id }) => id === principalIn(at(assignment, 'properties.user.objectId')))?.holder,
  }));
  const strangers = members
    .filter(({ holder }) => HALVES.every((half) => half !== holder))
    .map(
      ({ assignment }): Finding => ({
        check: 'roles',
        where: placeOf(expansion, assignment, 'properties.user.objectId'),
        what: shown(at(assignment, 'properties.user.objectId')),
        allowed: `the identity of ${HALVES.join(' or ')}`,
      }),
    );
  const absent = HALVES.filter((half) => halfOf(expansion, half) && members.every(({ holder }) => holder !== half)).map(
    (half): Finding => ({
      check: 'roles',
      where: `${expansion.name}: ${half}`,
      what: `no ${type} lets it in`,
      allowed: 'one does: both halves share Redis',
    }),
  );
  return [...strangers, ...absent];
}

/** Whether a role on that resource is the one that is meant: of its type, and where an address is given, the one there. */
function isFor(expansion: Expansion, grant: Grant, scope: ReturnType<typeof scopeOf>): boolean {
  if (scope.type !== grant.on) return false;
  const address = grant.at?.(expansion);
  if (address === undefined) return true;
  const text = standIn(address);
  if (grant.on === RECORDS && !text.endsWith(`/${scope.name}`)) return false;
  const [named] = idsIn(address);
  if (named !== undefined) return `${scope.id}/`.toLowerCase().startsWith(`${named}/`.toLowerCase());
  return URL.canParse(text) && new URL(text).hostname.startsWith(`${scope.name}.`.toLowerCase());
}

function idsIn(value: unknown): string[] {
  const expression = expressionOf(value);
  return expression === undefined ? [] : resourcesIn(expression);
}

function nameOf(expansion: Expansion, { role, on, at: addressOf }: Grant): string {
  const address = addressOf?.(expansion);
  const named = idsIn(address)[0]?.split('/').at(-1);
  const place = address === undefined ? '' : ` that is at ${named ?? standIn(address)}`;
  return `"${role}" on ${on}${place}`;
}

const grantsOf = (expansion: Expansion, holder: Holder): Grant[] =>
  GRANTS[holder].filter((grant) => grant.if?.(expansion) ?? true);

function roleOf(assignment: Resource): RoleName | undefined {
  const id = String(at(assignment, 'properties.roleDefinitionId')).split('/').at(-1)?.toLowerCase();
  return Object.entries(ROLES).find(([known]) => known === id)?.[1];
}

/** The id of the identity, or of the resource with an identity of its own, whose object id this is. */
function principalIn(value: unknown): string | undefined {
  const expression = expressionOf(value);
  return expression?.kind === 'member' && expression.name === 'principalId' ? resourcesIn(expression)[0] : undefined;
}

function holdersOf(expansion: Expansion): { holder: Holder; id: string }[] {
  const halves = HALVES.flatMap((half) => {
    const resource = halfOf(expansion, half);
    return (resource ? identitiesOf(resource) : []).map((id) => ({ holder: half, id }));
  });
  const acs = ofType(expansion, COMMUNICATION);
  return [...halves, ...acs.map(({ id }) => ({ holder: 'acs' as const, id }))];
}
