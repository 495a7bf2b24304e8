// The functions, on Flex Consumption. Package and storage are reached by identity; publishing passwords are off.

import { functionsPlan } from '../types.bicep'
import { packageContainer, recordsContainer, resourceNames } from '../names.bicep'

param names resourceNames
param location string
param tags { *: string }
param size functionsPlan
@description('Whether it reaches the services by the virtual network.')
param isPrivate bool
@description('An address of a proxy of yours. Empty: the app\'s own.')
param publicUrl string
@description('The account by which ACS itself hears. Empty: it does not.')
param speechAccount { name: string, group: string }
@description('An address of a proxy of yours before the stream host. Empty: its own.')
param streamHostPublicUrl string
@description('Settings of the process that are known before anything exists. Empty ones are left out.')
param settings { *: string }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.functionsIdentity
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: names.functionsStorage
}

resource records 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: names.recordsStorage
}

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' existing = {
  name: names.redis
}

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' existing = {
  name: names.communication
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

resource speech 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = if (!empty(speechAccount.name)) {
  name: speechAccount.name
  scope: resourceGroup(speechAccount.group)
}

resource containers 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: names.containerEnvironment
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' existing = if (isPrivate) {
  name: names.network

  resource subnet 'subnets' existing = {
    name: 'functions'
  }
}

var streamHostDomain = '${names.streamHost}.${containers.properties.defaultDomain}'

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: names.functionsPlan
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: names.functions
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: isPrivate ? network::subnet.id : null
    siteConfig: { minTlsVersion: '1.2', ftpsState: 'Disabled' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      runtime: { name: 'node', version: '22' }
      scaleAndConcurrency: {
        instanceMemoryMB: size.memoryMB
        maximumInstanceCount: size.most
        // A call rings 30 s: nobody may wait for an instance to start.
        alwaysReady: [{ name: 'http', instanceCount: size.alwaysReady }]
      }
    }
  }

  resource noFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource noScmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource environment 'config' = {
    name: 'appsettings'
    properties: union(
      toObject(
        filter(items(settings), setting => !empty(setting.value)),
        setting => setting.key,
        setting => setting.value
      ),
      {
        FUNCTIONS_PUBLIC_URL: empty(publicUrl) ? 'https://${app.properties.defaultHostName}' : publicUrl
        STREAM_HOST_URL: 'https://${streamHostDomain}'
        STREAM_HOST_PUBLIC_URL: empty(streamHostPublicUrl) ? 'wss://${streamHostDomain}' : streamHostPublicUrl
        REDIS_URL: 'rediss://${redis.properties.hostName}:10000'
        ACS_ENDPOINT: 'https://${communication.properties.hostName}'
        ACS_RESOURCE_ID: communication.properties.immutableResourceId
        CALL_RECORDS_URL: '${records.properties.primaryEndpoints.blob}${recordsContainer}'
        // The platform's own. The functions have HTTP triggers only, so their host needs blobs and neither queues nor tables.
        AZURE_CLIENT_ID: identity.properties.clientId
        // Longer bodies are refused before they are in memory; ours refuses them at the same length.
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576'
        AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
        AzureWebJobsStorage__clientId: identity.properties.clientId
        AzureWebJobsStorage__credential: 'managedidentity'
        APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
        // Its host's own telemetry stands on the map where the spans of the functions do.
        WEBSITE_CLOUD_ROLENAME: 'parley-functions'
      },
      empty(speechAccount.name)
        ? {}
        : { AZURE_SPEECH_ENDPOINT: 'https://${speech!.properties.customSubDomainName}.cognitiveservices.azure.com' }
    )
  }
}

output url string = empty(publicUrl) ? 'https://${app.properties.defaultHostName}' : publicUrl
