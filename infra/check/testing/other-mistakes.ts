import type { Mistake } from './mistakes.ts';
import { GONE } from './patch.ts';

const HOST = 'Microsoft.App/containerApps';
const REDIS = 'Microsoft.Cache/redisEnterprise';
const BLOB_OWNER = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b';
const METRIC_ALERT = 'Microsoft.Insights/metricAlerts';

/** Mistakes in a deployment with a network of its own and a sign-in. */
export const PRIVATE_MISTAKES: readonly Mistake[] = [
  {
    what: 'a service that is open beside its private endpoint',
    place: `${REDIS} properties.publicNetworkAccess`,
    put: 'Enabled',
    check: 'network',
    said: /publicNetworkAccess: "Enabled"\. Allowed: "Disabled"/,
  },
  {
    what: 'an account that is closed to ACS, which hears by it',
    place: 'Microsoft.CognitiveServices/accounts properties.publicNetworkAccess',
    put: 'Disabled',
    check: 'network',
    said: /publicNetworkAccess: "Disabled"\. Allowed: "Enabled": ACS/,
  },
  {
    what: 'an endpoint for another part of a service',
    place:
      'Microsoft.Network/privateEndpoints~"redisEnterprise" properties.privateLinkServiceConnections.0.properties.groupIds.0',
    put: 'redisCache',
    check: 'network',
    said: /groupIds: \["redisCache"\]/,
  },
  {
    what: 'subnets that overlap',
    place: 'Microsoft.Network/virtualNetworks properties.subnets.1.properties.addressPrefix',
    put: '10.80.1.0/24',
    check: 'network',
    said: /it overlaps .*subnet containers/,
  },
  {
    what: 'a subnet without its delegation',
    place: 'Microsoft.Network/virtualNetworks properties.subnets.0.properties.delegations',
    put: [],
    check: 'network',
    said: /subnet containers: delegations are \[\]/,
  },
  {
    what: 'a sign-in that ACS would have to pass',
    place: `${HOST}/authConfigs properties.globalValidation.excludedPaths.0`,
    put: '/health',
    check: 'monitoring',
    said: /there is no route "\/health"/,
  },
  {
    what: 'a secret among what an output gives to the other template (20)',
    place: 'outputs STREAM_HOST_PARAMETERS',
    put: (old: unknown) => ({ ...Object(old), more: { TRANSCRIPTION_WEBHOOK_SECRET: '' } }),
    check: 'outputs',
    said: /output STREAM_HOST_PARAMETERS: it gives out a secret \(TRANSCRIPTION_WEBHOOK_SECRET\)/,
  },
  {
    what: 'the role for the model on another account than the one that is asked (e6)',
    place:
      'Microsoft.Authorization/roleAssignments~accounts/contoso-models/providers/Microsoft.Authorization/roleAssignments id',
    put: (old: unknown) =>
      String(old).replace('rg-contoso-ai', 'rg-parley-production').replace('contoso-models', 'ai-yzjtyvw2gqe2k'),
    check: 'roles',
    said: /stream-host is given "Cognitive Services OpenAI User" on \S+ ai-.*at contoso-models/,
  },
  {
    what: 'an alarm that reaches nobody',
    place: `${METRIC_ALERT} properties.actions`,
    put: [],
    check: 'monitoring',
    said: /metricAlerts redis-memory properties\.actions: nobody is told/,
  },
];

/** Mistakes that Azure would take, and that would show at the first call or at the next audit. */
export const QUIET_MISTAKES: readonly Mistake[] = [
  {
    what: 'a place for data that ACS does not have',
    place: 'Microsoft.Communication/communicationServices properties.dataLocation',
    put: 'Europa',
    check: 'values',
    said: /dataLocation: "Europa"/,
  },
  {
    what: 'the wide role of the functions on the account of records (e5)',
    place: `Microsoft.Authorization/roleAssignments~${BLOB_OWNER} id`,
    put: (old: unknown) => String(old).replace('/stfn', '/strec'),
    check: 'roles',
    said: /functions is given "Storage Blob Data Owner" on \S+ strec/,
  },
  {
    what: 'a drain time of which the grace period does not know (14)',
    place: `${HOST} properties.template.containers.0.env[DRAIN_LIMIT_SECONDS].value`,
    put: '6',
    check: 'probes',
    said: /terminationGracePeriodSeconds: 70\. Allowed: \d+ \(DRAIN_LIMIT_SECONDS/,
  },
  {
    what: 'a model that costs by the hour (16)',
    place: 'Microsoft.CognitiveServices/accounts/deployments sku.name',
    put: 'GlobalProvisionedManaged',
    check: 'values',
    said: /sku\.name: "GlobalProvisionedManaged"/,
  },
  {
    what: 'sessions that may vanish',
    place: `${REDIS}/databases properties.evictionPolicy`,
    put: 'AllKeysLRU',
    check: 'values',
    said: /evictionPolicy: "AllKeysLRU"/,
  },
  {
    what: 'a question to a table that a first deployment does not have yet',
    place: 'Microsoft.Insights/scheduledQueryRules properties.skipQueryValidation',
    put: GONE,
    check: 'values',
    said: /scheduledQueryRules .*skipQueryValidation: not set/,
  },
  {
    what: 'a metric that Redis does not have',
    place: `${METRIC_ALERT} properties.criteria.allOf.0.metricName`,
    put: 'allusedmemorypercentage',
    check: 'monitoring',
    said: /redis-memory properties\.criteria: "allusedmemorypercentage"/,
  },
  {
    what: 'a Redis that runs full while nobody watches',
    place: METRIC_ALERT,
    put: GONE,
    check: 'monitoring',
    said: /redisEnterprise redis-\w+: no alarm watches usedmemorypercentage/,
  },
  {
    what: 'telemetry by a key',
    place: 'Microsoft.Web/sites/config properties.APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    put: 'Authorization=AAD',
    check: 'settings',
    said: /APPLICATIONINSIGHTS_AUTHENTICATION_STRING: it is "Authorization=AAD"/,
  },
  {
    what: 'an alarm on a metric that nobody writes',
    place: 'Microsoft.Insights/scheduledQueryRules~parley.silences properties.criteria.allOf.0.query',
    put: "AppMetrics\n| where Name == 'parley.silence.count'",
    check: 'queries',
    said: /scheduledQueryRules silences \S+query:2: there is no Name "parley\.silence\.count" in AppMetrics/,
  },
  {
    what: 'telemetry of the functions under a role that no query asks for',
    place: 'Microsoft.Web/sites/config properties.WEBSITE_CLOUD_ROLENAME',
    put: 'functions',
    check: 'settings',
    said: /WEBSITE_CLOUD_ROLENAME: it is "functions"\. Allowed: parley-functions/,
  },
  {
    what: 'a workbook whose question has a mistyped attribute',
    place: 'Microsoft.Insights/workbooks properties.serializedData',
    put: (old: unknown) => String(old).replaceAll('parley.turn.number', 'parley.turn.nummer'),
    check: 'queries',
    said: /workbooks \S+ properties\.serializedData turns:\d+: nothing in AppDependencies has the property "parley\.turn\.nummer"/,
  },
  {
    what: 'logs that go nowhere',
    place: 'Microsoft.Insights/diagnosticSettings properties.workspaceId',
    put: GONE,
    check: 'references',
    said: /diagnosticSettings .*workspaceId: not set/,
  },
  {
    what: 'an image that nobody may pull',
    place: `${HOST} properties.configuration.registries`,
    put: [],
    check: 'references',
    said: /registries\.0\.identity: not set/,
  },
];

/** A mistake in the text of Bicep, and what compiler, linter or formatter must say of it. */
export interface TextMistake {
  readonly file: string;
  /** What is replaced; nothing where something is put behind the end. */
  readonly find?: RegExp;
  readonly put: string;
  readonly said: RegExp;
}

export const TEXT_MISTAKES: readonly TextMistake[] = [
  { file: 'modules/forgotten.bicep', put: 'param name string\n', said: /modules\/forgotten\.bicep:1: unused-file/ },
  { file: 'main.bicep', put: "\nparam forgotten string = 'x'\n", said: /main\.bicep:\d+: no-unused-params/ },
  {
    file: 'modules/storage.bicep',
    find: /allowSharedKeyAccess: false/,
    put: 'allowSharedKeyAcces: false',
    said: /storage\.bicep:\d+: BCP089/,
  },
  { file: 'modules/redis.bicep', find: /port: 10000/, put: "port: '10000'", said: /redis\.bicep:\d+: BCP036/ },
  {
    file: 'modules/communication.bicep',
    find: /systemTopics@\d{4}-\d\d-\d\d/,
    put: 'systemTopics@2025-02-28',
    said: /communication\.bicep:\d+: BCP081/,
  },
  {
    file: 'modules/monitoring.bicep',
    put: '\noutput sharedKey string = workspace.listKeys().primarySharedKey\n',
    said: /monitoring\.bicep:\d+: outputs-should-not-contain-secrets/,
  },
  {
    file: 'modules/registry.bicep',
    find: /param name string/,
    put: 'param   name string',
    said: /registry\.bicep:\d+: this is not how/,
  },
];
