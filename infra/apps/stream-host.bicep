// The stream host's app. `azd deploy` runs this template with the image that it has just pushed (stream-host.bicepparam), so
// that there is never a revision with another image than ours, and a change of settings and a new image are one revision
// and one draining of calls, not two. Without azd, `main.bicep` runs it where it is given an image.

import { streamHostPlan } from '../types.bicep'
import { recordsContainer } from '../names.bicep'

targetScope = 'resourceGroup'

param plan streamHostPlan
@description('The image, with registry and tag.')
param image string
@description('Whether words that are written down are delivered to a webhook: the two secrets below must be there then.')
param hasWebhook bool = false
@description('TRANSCRIPTION_WEBHOOK_URL.')
@secure()
param transcriptionWebhookUrl string = ''
@description('TRANSCRIPTION_WEBHOOK_SECRET.')
@secure()
param transcriptionWebhookSecret string = ''

var names = plan.names
var size = plan.size
var ownDomain = '${names.streamHost}.${environment.properties.defaultDomain}'
var fallback = plan.accounts.?fallback
var hasVoiceLive = !empty(plan.settings.?AZURE_VOICE_LIVE_MODEL)
@description('What the process wants to itself after its drain, to close, and some for the platform. check:infra holds it against the code.')
var closingSeconds = 10
@description('How many conversations in a replica start another one.')
var placesBeforeAnother = max(1, (size.places * size.scaleOutAtPercent) / 100)
@description('What Container Apps\' own sign-in lets through: ACS, probes and whoever brings a token of Entra have no browser to sign in with, and none of these believes what the sign-in would say. A route that does must never be among them, as its header could be forged there.')
var withoutSignIn = [
  '/healthz'
  '/readyz'
  '/api/v1/health/dependencies'
  '/api/v1/media/stream'
  '/api/v1/media/transcription'
  '/api/v1/places'
]

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: names.containerEnvironment
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.streamHostIdentity
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: names.registry
}

resource functions 'Microsoft.Web/sites@2024-11-01' existing = {
  name: names.functions
}

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' existing = {
  name: names.redis
}

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' existing = {
  name: names.communication
}

resource records 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: names.recordsStorage
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

resource speech 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: plan.accounts.speech.name
  scope: resourceGroup(plan.accounts.speech.group)
}

resource openAi 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: plan.accounts.openAi.name
  scope: resourceGroup(plan.accounts.openAi.group)
}

resource voiceLive 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: plan.accounts.voiceLive.name
  scope: resourceGroup(plan.accounts.voiceLive.group)
}

resource second 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = if (fallback != null) {
  name: fallback.?name ?? 'none'
  scope: resourceGroup(fallback.?group ?? resourceGroup().name)
}

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: names.streamHost
  location: plan.location
  tags: union(plan.tags, { 'azd-service-name': 'stream-host' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      // The old revision keeps its calls until they are over or DRAIN_LIMIT_SECONDS have passed, in the last of which they move to the new one.
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      ingress: {
        external: true
        targetPort: 8080
        transport: 'http'
        allowInsecure: false
        // A socket stays where it is, and everything else is in Redis.
        stickySessions: { affinity: 'none' }
      }
      registries: [{ server: registry.properties.loginServer, identity: identity.id }]
      secrets: hasWebhook
        ? [
            { name: 'transcription-webhook-url', value: transcriptionWebhookUrl }
            { name: 'transcription-webhook-secret', value: transcriptionWebhookSecret }
          ]
        : []
    }
    template: {
      terminationGracePeriodSeconds: size.drainSeconds + closingSeconds
      containers: [
        {
          name: 'stream-host'
          image: image
          resources: { cpu: json(size.resources.cpu), memory: size.resources.memory }
          env: concat(
            map(
              filter(items(plan.settings), setting => !empty(setting.value)),
              setting => { name: setting.key, value: setting.value }
            ),
            [
              { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
              {
                name: 'STREAM_HOST_PUBLIC_URL'
                value: empty(plan.addresses.streamHost) ? 'wss://${ownDomain}' : plan.addresses.streamHost
              }
              {
                name: 'FUNCTIONS_PUBLIC_URL'
                value: empty(plan.addresses.functions)
                  ? 'https://${functions.properties.defaultHostName}'
                  : plan.addresses.functions
              }
              { name: 'REDIS_URL', value: 'rediss://${redis.properties.hostName}:10000' }
              { name: 'ACS_ENDPOINT', value: 'https://${communication.properties.hostName}' }
              { name: 'ACS_RESOURCE_ID', value: communication.properties.immutableResourceId }
              { name: 'CALL_RECORDS_URL', value: '${records.properties.primaryEndpoints.blob}${recordsContainer}' }
              {
                name: 'SPEECH_HOST'
                value: 'wss://${speech.properties.customSubDomainName}.cognitiveservices.azure.com'
              }
              {
                name: 'AZURE_OPENAI_BASE_URL'
                value: 'https://${openAi.properties.customSubDomainName}.openai.azure.com/openai/v1'
              }
              { name: 'MAX_SESSIONS', value: string(size.places) }
              { name: 'MAX_BROWSER_SESSIONS', value: string(size.browserPlaces) }
              { name: 'DRAIN_LIMIT_SECONDS', value: string(size.drainSeconds) }
              // The ingress is one proxy, and adds the address that it sees; yours before it is another.
              { name: 'TRUSTED_PROXY_HOPS', value: empty(plan.addresses.streamHost) ? '1' : '2' }
              { name: 'REQUIRE_TICKETS', value: 'true' }
              { name: 'SIGN_IN', value: empty(plan.signInClientId) ? 'none' : 'container-apps' }
              { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
              {
                name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
                value: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
              }
            ],
            fallback != null
              ? [
                  {
                    name: 'SPEECH_FALLBACK_HOST'
                    value: 'wss://${second!.properties.customSubDomainName}.cognitiveservices.azure.com'
                  }
                  {
                    name: 'AZURE_OPENAI_FALLBACK_BASE_URL'
                    value: 'https://${second!.properties.customSubDomainName}.openai.azure.com/openai/v1'
                  }
                ]
              : [],
            hasVoiceLive
              ? [
                  {
                    name: 'AZURE_VOICE_LIVE_ENDPOINT'
                    value: 'https://${voiceLive.properties.customSubDomainName}.services.ai.azure.com'
                  }
                ]
              : [],
            hasWebhook
              ? [
                  { name: 'TRANSCRIPTION_WEBHOOK_URL', secretRef: 'transcription-webhook-url' }
                  { name: 'TRANSCRIPTION_WEBHOOK_SECRET', secretRef: 'transcription-webhook-secret' }
                ]
              : []
          )
          probes: [
            {
              // Up to 100 s for a start. Whether it can take calls is readiness' question: a start that waited for
              // Redis here would be killed for Redis' fault.
              type: 'Startup'
              httpGet: { path: '/healthz', port: 8080 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8080 }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 6
            }
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: 8080 }
              periodSeconds: 5
              timeoutSeconds: 3
              failureThreshold: 2
              successThreshold: 1
            }
          ]
        }
      ]
      scale: {
        minReplicas: size.least
        maxReplicas: size.most
        pollingInterval: 15
        cooldownPeriod: 300
        rules: [
          {
            // By places, not by requests: a socket is one request that lasts as long as its call. The route answers the
            // sum over all replicas, which KEDA divides by the target. It takes no credential and tells nothing else. The
            // functions are asked: replicas that are full are out of the rotation, so that none could say that all are.
            name: 'places'
            custom: {
              type: 'metrics-api'
              metadata: {
                url: 'https://${functions.properties.defaultHostName}/api/v1/places'
                valueLocation: 'taken'
                targetValue: string(placesBeforeAnother)
              }
            }
          }
        ]
      }
    }
  }

  resource signIn 'authConfigs' = if (!empty(plan.signInClientId)) {
    name: 'current'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        unauthenticatedClientAction: 'RedirectToLoginPage'
        redirectToProvider: 'azureactivedirectory'
        excludedPaths: withoutSignIn
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: plan.signInClientId
            openIdIssuer: '${az.environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: [plan.signInClientId] }
        }
      }
    }
  }
}

output STREAM_HOST_NAME string = app.name
