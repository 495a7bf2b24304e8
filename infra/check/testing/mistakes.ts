import type { CheckName } from '../finding.ts';
import { GONE } from './patch.ts';

/** A mistake in what is deployed, made in a golden file, and what must be said of it. */
export interface Mistake {
  readonly what: string;
  /** As `patch` takes it. */
  readonly place: string;
  readonly put: unknown;
  readonly check: CheckName;
  readonly said: RegExp;
}

const HOST = 'Microsoft.App/containerApps';
const SITE = 'Microsoft.Web/sites';
const STORAGE = 'Microsoft.Storage/storageAccounts';
const REDIS = 'Microsoft.Cache/redisEnterprise';
const ROLE = 'Microsoft.Authorization/roleAssignments';
const ENV = `${HOST} properties.template.containers.0.env`;
const PROBES = `${HOST} properties.template.containers.0.probes`;
const SCALE = `${HOST} properties.template.scale`;

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const BLOB_CONTRIBUTOR = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
const BLOB_OWNER = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b';

const replaced = (text: string, by: string) => (old: unknown) => String(old).replaceAll(text, by);

export const MISTAKES: readonly Mistake[] = [
  {
    what: 'a loose enumeration that the compiler lets pass',
    place: `${HOST} properties.configuration.ingress.stickySessions.affinity`,
    put: 'stickyy',
    check: 'types',
    said: /affinity: "stickyy"\. Allowed: one of /,
  },
  {
    what: 'another loose enumeration',
    place: `${REDIS}/databases properties.clusteringPolicy`,
    put: 'NoClusters',
    check: 'types',
    said: /clusteringPolicy: "NoClusters"/,
  },
  {
    what: 'a version of an API that Azure has not',
    place: `${STORAGE} apiVersion`,
    put: '2025-02-30',
    check: 'types',
    said: /Azure has no Microsoft\.Storage\/storageAccounts@2025-02-30/,
  },
  {
    what: 'a property that can only be read',
    place: `${REDIS}/databases properties.provisioningState`,
    put: 'Succeeded',
    check: 'types',
    said: /provisioningState: this can only be read/,
  },
  {
    what: 'a required property that is missing',
    place: `${REDIS} sku.name`,
    put: GONE,
    check: 'types',
    said: /sku\.name: this is missing/,
  },
  {
    what: 'a text where a number belongs',
    place: `${SCALE}.minReplicas`,
    put: 'one',
    check: 'types',
    said: /minReplicas: "one"\. Allowed: a whole number/,
  },
  {
    what: 'a mistyped property',
    place: `${STORAGE} properties.allowSharedKeyAcces`,
    put: false,
    check: 'types',
    said: /allowSharedKeyAcces: there is no such property/,
  },
  {
    what: 'a role id with two wrong digits',
    place: `${ROLE}~${BLOB_CONTRIBUTOR} properties.roleDefinitionId`,
    put: replaced('ba92f5b4', 'ba92f5fe'),
    check: 'roles',
    said: /the role is "[^"]*ba92f5fe-2d11/,
  },
  {
    what: 'a role that is more than is needed',
    place: `${ROLE}~${BLOB_CONTRIBUTOR} properties.roleDefinitionId`,
    put: replaced(BLOB_CONTRIBUTOR, BLOB_OWNER),
    check: 'roles',
    said: /is given "Storage Blob Data Owner" on .*containers/,
  },
  {
    what: 'a role that is forgotten',
    place: `${ROLE}~${ACR_PULL}`,
    put: GONE,
    check: 'roles',
    said: /stream-host: it is not given "AcrPull"/,
  },
  {
    what: 'a half that Redis does not let in',
    place: `${REDIS}/databases/accessPolicyAssignments properties.user.objectId`,
    put: '00000000-0000-0000-0000-000000000001',
    check: 'roles',
    said: /accessPolicyAssignments lets it in/,
  },
  {
    what: 'a missing setting',
    place: `${ENV}[REDIS_URL]`,
    put: GONE,
    check: 'settings',
    said: /stream-host REDIS_URL: is not set/,
  },
  {
    what: 'a setting that the half never reads',
    place: `${ENV}[ACS_SOURCE_NUMBER].value`,
    put: '+15550100',
    check: 'settings',
    said: /stream-host ACS_SOURCE_NUMBER: this half never reads it/,
  },
  {
    what: 'a mistyped name of a setting',
    place: `${ENV}[MAX_CALLS_MS].value`,
    put: '60000',
    check: 'settings',
    said: /MAX_CALLS_MS: there is no such setting\. Allowed: MAX_CALL_MS/,
  },
  {
    what: 'a setting of the functions that nobody knows',
    place: `${SITE}/config properties.REDIS_URI`,
    put: 'x',
    check: 'settings',
    said: /functions REDIS_URI: there is no such setting\. Allowed: REDIS_URL/,
  },
  {
    what: 'a value that the setting does not take',
    place: `${ENV}[ACS_STREAMING_MODE].value`,
    put: 'medai',
    check: 'settings',
    said: /stream-host ACS_STREAMING_MODE: is "medai"/,
  },
  {
    what: 'a key in the template',
    place: `${ENV}[SPEECH_KEY].value`,
    put: 'not for everybody',
    check: 'settings',
    said: /SPEECH_KEY: a secret stands in the template/,
  },
  {
    what: 'the identity of the other half',
    place: `${ENV}[AZURE_CLIENT_ID].value`,
    put: replaced('id-stream-host', 'id-functions'),
    check: 'settings',
    said: /AZURE_CLIENT_ID: it is not the client id of the identity of this half/,
  },
  {
    what: 'halves that do not meet',
    place: `${ENV}[REDIS_URL].value`,
    put: 'rediss://elsewhere.example:10000',
    check: 'settings',
    said: /REDIS_URL: the functions have .* and the stream host/,
  },
  {
    what: 'what callers say in the log',
    place: `${ENV}[LOG_TRANSCRIPTS].value`,
    put: 'true',
    check: 'settings',
    said: /LOG_TRANSCRIPTS: it is "true"/,
  },
  {
    what: 'keys of ACS left on',
    place: 'Microsoft.Communication/communicationServices properties.disableLocalAuth',
    put: GONE,
    check: 'local-auth',
    said: /communicationServices .* properties\.disableLocalAuth: not set/,
  },
  {
    what: 'shared keys of storage left on',
    place: `${STORAGE} properties.allowSharedKeyAccess`,
    put: true,
    check: 'local-auth',
    said: /allowSharedKeyAccess: true\. Allowed: false/,
  },
  {
    what: 'keys of Redis left on',
    place: `${REDIS}/databases properties.accessKeysAuthentication`,
    put: 'Enabled',
    check: 'local-auth',
    said: /accessKeysAuthentication: "Enabled"/,
  },
  {
    what: 'a key that is read',
    place: `${ENV}[DEFAULT_AGENT].value`,
    put: "[listKeys('/subscriptions/x/providers/y', '2025-01-01').key1]",
    check: 'local-auth',
    said: /listKeys\(\) gives out a key/,
  },
  {
    what: 'logs that need the key of the workspace',
    place: 'Microsoft.App/managedEnvironments properties.appLogsConfiguration.destination',
    put: 'log-analytics',
    check: 'local-auth',
    said: /appLogsConfiguration\.destination: "log-analytics"/,
  },
  {
    what: 'publishing by password',
    place: `${SITE}/basicPublishingCredentialsPolicies~/scm`,
    put: GONE,
    check: 'local-auth',
    said: /basicPublishingCredentialsPolicies "scm"/,
  },
  {
    what: 'an old TLS',
    place: `${STORAGE} properties.minimumTlsVersion`,
    put: 'TLS1_0',
    check: 'values',
    said: /minimumTlsVersion: "TLS1_0"/,
  },
  {
    what: 'a service that azd would not find',
    place: `${SITE} tags.azd-service-name`,
    put: 'function',
    check: 'values',
    said: /no Microsoft\.Web\/sites has the tag azd-service-name "functions"/,
  },
  {
    what: 'a probe of a route that is not there',
    place: `${PROBES}[Readiness].httpGet.path`,
    put: '/ready',
    check: 'probes',
    said: /Readiness: it asks \/ready\. Allowed: \/readyz/,
  },
  {
    what: 'a host that is restarted for slow answers',
    place: `${PROBES}[Liveness].periodSeconds`,
    put: 1,
    check: 'probes',
    said: /Liveness: a host is restarted after \d+ ms/,
  },
  {
    what: 'a port on which nobody listens',
    place: `${HOST} properties.configuration.ingress.targetPort`,
    put: 80,
    check: 'probes',
    said: /targetPort: 80\. Allowed: 8080/,
  },
  {
    what: 'a grace period that cuts calls',
    place: `${HOST} properties.template.terminationGracePeriodSeconds`,
    put: 30,
    check: 'probes',
    said: /terminationGracePeriodSeconds: 30/,
  },
  {
    what: 'replicas by requests',
    place: `${SCALE}.rules[http].http.metadata.concurrentRequests`,
    put: '20',
    check: 'scale',
    said: /rules: 2 rules/,
  },
  {
    what: 'a scale rule that asks another field',
    place: `${SCALE}.rules.0.custom.metadata.valueLocation`,
    put: 'places',
    check: 'scale',
    said: /valueLocation: "places"\. Allowed: "taken"/,
  },
  {
    what: 'a scale rule that asks the stream hosts, of which none answers when all are full',
    place: `${SCALE}.rules.0.custom.metadata.url`,
    put: 'https://ca-kh5gjl4lccjja.name.example.net/api/v1/places',
    check: 'scale',
    said: /metadata\.url: https:\/\/ca-.*the functions/,
  },
  {
    what: 'more calls for a replica than it takes',
    place: `${SCALE}.rules.0.custom.metadata.targetValue`,
    put: '5000',
    check: 'scale',
    said: /targetValue: "5000"/,
  },
  {
    what: 'functions that sleep while a call rings',
    place: `${SITE} properties.functionAppConfig.scaleAndConcurrency.alwaysReady`,
    put: [],
    check: 'scale',
    said: /alwaysReady: not set/,
  },
  {
    what: 'a test from outside that asks nothing of ours',
    place: 'Microsoft.Insights/webtests properties.Request.RequestUrl',
    put: 'https://name.example.net/api/health',
    check: 'monitoring',
    said: /RequestUrl: \/api\/health/,
  },
  {
    what: 'a place from which nobody can test',
    place: 'Microsoft.Insights/webtests properties.Locations.0.Id',
    put: 'emea-de-fra-azr',
    check: 'monitoring',
    said: /Locations: "emea-de-fra-azr"/,
  },
  {
    what: 'a category of logs that there is not',
    place: 'Microsoft.Insights/diagnosticSettings~ContainerAppConsoleLogs properties.logs.0.category',
    put: 'ContainerAppConsoleLog',
    check: 'monitoring',
    said: /diagnosticSettings .*"ContainerAppConsoleLog"/,
  },
  {
    what: 'an alert on another resource',
    place: 'Microsoft.Insights/scheduledQueryRules properties.scopes.0',
    put: (old: unknown) => `${old}x`,
    check: 'references',
    said: /it names .*workspaces\/log-\w+x, which is not deployed/,
  },
  {
    what: 'a resource in an environment that is not deployed',
    place: `${HOST} properties.environmentId`,
    put: replaced('cae-', 'env-'),
    check: 'references',
    said: /environmentId: it names Microsoft\.App\/managedEnvironments\/env-/,
  },
  {
    what: 'a deployment of a model that nobody makes',
    place: `${ENV}[AZURE_OPENAI_DEPLOYMENT].value`,
    put: 'gpt',
    check: 'references',
    said: /AZURE_OPENAI_DEPLOYMENT: there is no deployment "gpt"/,
  },
  {
    what: 'an agent that there is not',
    place: `${ENV}[DEFAULT_AGENT].value`,
    put: 'order',
    check: 'references',
    said: /DEFAULT_AGENT: there is no agent "order"/,
  },
  {
    what: 'a secret among the outputs',
    place: 'outputs FUNCTIONS_NAME',
    put: "[reference('/subscriptions/x/providers/Microsoft.Insights/components/y', '2020-02-02').ConnectionString]",
    check: 'outputs',
    said: /output FUNCTIONS_NAME: it gives out a secret/,
  },
  {
    what: 'an output that azd needs and is gone',
    place: 'outputs AZURE_CONTAINER_REGISTRY_ENDPOINT',
    put: GONE,
    check: 'outputs',
    said: /there is no output AZURE_CONTAINER_REGISTRY_ENDPOINT/,
  },
  {
    what: 'an output that a hook needs and is gone',
    place: 'outputs EVENT_GRID_TOPIC_NAME',
    put: GONE,
    check: 'outputs',
    said: /infra\/hooks\/.*: EVENT_GRID_TOPIC_NAME is no output of main\.bicep/,
  },
  {
    what: 'a mistyped column in the query of an alert',
    place: 'Microsoft.Insights/scheduledQueryRules properties.criteria.allOf.0.query',
    put: 'AppRequests\n| where DurationMillis > 1000\n| count',
    check: 'queries',
    said: /scheduledQueryRules .*query:2: KS142/,
  },
];
