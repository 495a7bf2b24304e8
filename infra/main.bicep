// All that Parley needs in Azure: `azd up` runs this, then deploys both halves. The stream host's app is made when it is
// deployed, by `apps/stream-host.bicep`.
//
// It works on a subscription and not on a resource group, so that it makes its own group: `azd down` removes all by
// removing that, and roles on accounts in other groups can be given by the same run.

import {
  aiAccounts
  conversation
  doors
  furtherSettings
  models
  outbound
  profile
  publicUrls
  streamHostPlan
  telephone
} from 'types.bicep'
import { roles } from 'roles.bicep'
import { functionsSettings, streamHostSettings } from 'settings.bicep'
import { namesOf, packageContainer, recordsContainer } from 'names.bicep'

targetScope = 'subscription'

@description('The name of the azd environment. Names of all resources follow from it, the subscription and the region, so that the same run finds the same resources.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('The region of all but the AI account. It needs Flex Consumption and Azure Managed Redis; `azd provision` looks first.')
@metadata({ azd: { type: 'location' } })
param location string

@description('The region of the AI account: that which has the models.')
param aiLocation string = location

@description('How large, and how much of a failure it takes: `dev` or `production` of profiles.bicep, or one of your own.')
param size profile

@description('The telephone. Since October 2026 a new customer of Azure Communication Services gets a phone number only through Teams Phone Extensibility: the steps are in docs/operations.md.')
param phone telephone

@description('The accounts of Speech, Azure OpenAI and Voice Live: the one that is made here, or ones that are there.')
param accounts aiAccounts = {
  speech: { use: 'own' }
  openAi: { use: 'own' }
  voiceLive: { use: 'own' }
}

@description('The models, and which of them does what. No default: models are retired.')
param ai models

@description('Who may call the API, and how Event Grid shows who it is.')
param access doors

@description('What outbound calls may cost.')
param limits outbound

@description('What a conversation is like where its agent does not say.')
param talk conversation

@description('Addresses of a proxy of yours that stands before the halves.')
param addresses publicUrls = { functions: '', streamHost: '' }

@description('How much goes into the log.')
param logLevel 'debug' | 'info' | 'warn' | 'error' = 'info'

@description('Further settings, by the names of docs/settings.md. Never a secret.')
param further furtherSettings = { both: {}, functions: {}, streamHost: {} }

@description('Whom an alert reaches.')
param alertEmails string[] = []

@description('Where azd is not used: the image of the stream host, with registry and tag. Empty: `azd deploy` makes the app.')
param streamHostImage string = ''

@description('Where azd is not used: whether words that are written down are delivered to a webhook.')
param hasWebhook bool = false

@description('Where azd is not used: TRANSCRIPTION_WEBHOOK_URL.')
@secure()
param transcriptionWebhookUrl string = ''

@description('Where azd is not used: TRANSCRIPTION_WEBHOOK_SECRET.')
@secure()
param transcriptionWebhookSecret string = ''

var names = namesOf(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var isPrivate = size.network.kind == 'private'
var ownsAi = contains([accounts.speech.use, accounts.openAi.use, accounts.voiceLive.use], 'own')
var hasVoiceLive = !empty(ai.voiceLive)
var hearsByAcs = talk.transcriptionSource == 'acs'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module functionsIdentity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.functionsIdentity, location: location, tags: tags }
}

module streamHostIdentity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.streamHostIdentity, location: location, tags: tags }
}

module network 'modules/network.bicep' = if (isPrivate) {
  scope: group
  params: {
    name: names.network
    location: location
    tags: tags
    addressSpace: size.network.?addressSpace ?? ''
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: tags
    size: size.logs
    grants: [
      { identity: names.functionsIdentity, roleId: roles.monitoringMetricsPublisher }
      { identity: names.streamHostIdentity, roleId: roles.monitoringMetricsPublisher }
    ]
  }
  dependsOn: [functionsIdentity, streamHostIdentity]
}

module registry 'modules/registry.bicep' = {
  scope: group
  params: {
    name: names.registry
    location: location
    tags: tags
    sku: size.registry
    grants: [{ identity: names.streamHostIdentity, roleId: roles.acrPull }]
  }
  dependsOn: [streamHostIdentity]
}

module functionsStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.functionsStorage
    location: location
    tags: tags
    sku: size.storage
    container: packageContainer
    isPrivate: isPrivate
    accountGrants: [{ identity: names.functionsIdentity, roleId: roles.storageBlobDataOwner }]
  }
  dependsOn: [functionsIdentity]
}

module recordsStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.recordsStorage
    location: location
    tags: tags
    sku: size.storage
    container: recordsContainer
    lifeCycle: size.callRecords
    // DELETE /api/v1/calls/{id} promises that nothing is left.
    forgetsDeleted: true
    isPrivate: isPrivate
    containerGrants: [
      // Records are written by the stream host, and erased by the functions where somebody asks for it.
      { identity: names.functionsIdentity, roleId: roles.storageBlobDataContributor }
      { identity: names.streamHostIdentity, roleId: roles.storageBlobDataContributor }
    ]
  }
  dependsOn: [functionsIdentity, streamHostIdentity]
}

module redis 'modules/redis.bicep' = {
  scope: group
  params: {
    name: names.redis
    location: location
    tags: tags
    size: size.redis
    isPrivate: isPrivate
    members: [names.functionsIdentity, names.streamHostIdentity]
  }
  dependsOn: [functionsIdentity, streamHostIdentity]
}

module communication 'modules/communication.bicep' = {
  scope: group
  params: {
    name: names.communication
    topicName: names.eventGridTopic
    location: 'global'
    tags: tags
    dataLocation: phone.dataLocation
    workspaceName: names.workspace
    grants: [
      { identity: names.functionsIdentity, roleId: roles.communicationAndEmailServiceOwner }
      { identity: names.streamHostIdentity, roleId: roles.communicationAndEmailServiceOwner }
    ]
  }
  dependsOn: [functionsIdentity, monitoring, streamHostIdentity]
}

module ownAi 'modules/ai.bicep' = if (ownsAi) {
  scope: group
  params: {
    name: names.ai
    location: aiLocation
    tags: tags
    // ACS that hears by it comes from outside: it has no private way, and is no service that a closed account lets in.
    isPrivate: isPrivate && !(hearsByAcs && accounts.speech.use == 'own')
    deployments: ai.deployments
  }
}

var places = {
  speech: accounts.speech.use == 'own'
    ? { name: names.ai, group: group.name }
    : { name: accounts.speech.?name ?? '', group: accounts.speech.?resourceGroup ?? '' }
  openAi: accounts.openAi.use == 'own'
    ? { name: names.ai, group: group.name }
    : { name: accounts.openAi.?name ?? '', group: accounts.openAi.?resourceGroup ?? '' }
  voiceLive: accounts.voiceLive.use == 'own'
    ? { name: names.ai, group: group.name }
    : { name: accounts.voiceLive.?name ?? '', group: accounts.voiceLive.?resourceGroup ?? '' }
  fallback: accounts.?fallback == null
    ? null
    : { name: accounts.?fallback.?name ?? '', group: accounts.?fallback.?resourceGroup ?? '' }
}

module speechAccess 'modules/ai-access.bicep' = {
  scope: resourceGroup(places.speech.group)
  params: {
    name: places.speech.name
    identityGroup: group.name
    grants: [{ identity: names.streamHostIdentity, roleId: roles.cognitiveServicesSpeechUser }]
    communication: hearsByAcs ? { name: names.communication, roleId: roles.cognitiveServicesUser } : null
  }
  dependsOn: [ownAi, streamHostIdentity, communication]
}

module openAiAccess 'modules/ai-access.bicep' = {
  scope: resourceGroup(places.openAi.group)
  params: {
    name: places.openAi.name
    identityGroup: group.name
    grants: [{ identity: names.streamHostIdentity, roleId: roles.cognitiveServicesOpenAIUser }]
  }
  dependsOn: [ownAi, streamHostIdentity]
}

module fallbackAccess 'modules/ai-access.bicep' = if (accounts.?fallback != null) {
  scope: resourceGroup(accounts.?fallback.?resourceGroup ?? group.name)
  params: {
    name: accounts.?fallback.?name ?? 'none'
    identityGroup: group.name
    grants: [
      { identity: names.streamHostIdentity, roleId: roles.cognitiveServicesSpeechUser }
      { identity: names.streamHostIdentity, roleId: roles.cognitiveServicesOpenAIUser }
    ]
  }
  dependsOn: [streamHostIdentity]
}

module voiceLiveAccess 'modules/ai-access.bicep' = if (hasVoiceLive) {
  scope: resourceGroup(places.voiceLive.group)
  params: {
    name: places.voiceLive.name
    identityGroup: group.name
    grants: [{ identity: names.streamHostIdentity, roleId: roles.cognitiveServicesUser }]
  }
  dependsOn: [ownAi, streamHostIdentity]
}

module containers 'modules/container-environment.bicep' = {
  scope: group
  params: {
    name: names.containerEnvironment
    location: location
    tags: tags
    workspaceName: names.workspace
    networkName: isPrivate ? names.network : ''
  }
  dependsOn: [monitoring, network]
}

module endpoints 'modules/private-endpoints.bicep' = if (isPrivate) {
  scope: group
  params: { names: names, location: location, tags: tags, ownsAi: ownsAi }
  dependsOn: [functionsStorage, network, ownAi, recordsStorage, redis]
}

var streamHostUrl = 'https://${names.streamHost}.${containers.outputs.defaultDomain}'

module functions 'apps/functions.bicep' = {
  scope: group
  params: {
    names: names
    location: location
    tags: tags
    size: size.functions
    isPrivate: isPrivate
    publicUrl: addresses.functions
    speechAccount: hearsByAcs ? places.speech : { name: '', group: '' }
    streamHostPublicUrl: addresses.streamHost
    settings: functionsSettings(talk, access, logLevel, tenant().tenantId, phone, limits, further)
  }
  dependsOn: [
    redis
    communication
    containers
    monitoring
    recordsStorage
    endpoints
    functionsIdentity
    functionsStorage
    network
    speechAccess
  ]
}

var streamHost streamHostPlan = {
  names: names
  location: location
  tags: tags
  size: size.streamHost
  accounts: places
  addresses: addresses
  signInClientId: access.signInClientId
  settings: streamHostSettings(talk, access, logLevel, tenant().tenantId, ai, further)
}

module app 'apps/stream-host.bicep' = if (!empty(streamHostImage)) {
  scope: group
  params: {
    plan: streamHost
    image: streamHostImage
    hasWebhook: hasWebhook
    transcriptionWebhookUrl: transcriptionWebhookUrl
    transcriptionWebhookSecret: transcriptionWebhookSecret
  }
  dependsOn: [
    endpoints
    containers
    fallbackAccess
    functions
    openAiAccess
    registry
    speechAccess
    voiceLiveAccess
  ]
}

module availabilityTests 'modules/availability.bicep' = {
  scope: group
  params: {
    names: names
    location: location
    tags: tags
    size: size.availability
    functionsUrl: addresses.functions
  }
  dependsOn: [monitoring, functions, containers]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceName: names.workspace
    redisName: names.redis
    emails: alertEmails
  }
  dependsOn: [monitoring, redis]
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    insightsName: names.insights
    workspaceName: names.workspace
  }
  dependsOn: [monitoring]
}

// What azd, the hooks and docs/operations.md read. None of it is a secret.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output FUNCTIONS_NAME string = names.functions
output FUNCTIONS_PUBLIC_URL string = functions.outputs.url
output STREAM_HOST_NAME string = names.streamHost
output STREAM_HOST_PUBLIC_URL string = empty(addresses.streamHost)
  ? replace(streamHostUrl, 'https:', 'wss:')
  : addresses.streamHost
output STREAM_HOST_URL string = streamHostUrl
output ACS_NAME string = names.communication
output EVENT_GRID_TOPIC_NAME string = names.eventGridTopic
@description('What the stream host\'s template is given by `azd deploy`.')
output STREAM_HOST_PARAMETERS streamHostPlan = streamHost
