// The private addresses of the services, and the names that lead to them.

import { privateZones, resourceNames } from '../names.bicep'

param names resourceNames
param location string
param tags { *: string }
@description('Whether the account of Azure AI is one of ours.')
param ownsAi bool

var zones = privateZones()
var services = concat(
  [
    {
      name: names.functionsStorage
      id: resourceId('Microsoft.Storage/storageAccounts', names.functionsStorage)
      group: 'blob'
      zones: [zones.blob]
    }
    {
      name: names.recordsStorage
      id: resourceId('Microsoft.Storage/storageAccounts', names.recordsStorage)
      group: 'blob'
      zones: [zones.blob]
    }
    {
      name: names.redis
      id: resourceId('Microsoft.Cache/redisEnterprise', names.redis)
      group: 'redisEnterprise'
      zones: [zones.redis]
    }
  ],
  ownsAi
    ? [
        {
          name: names.ai
          id: resourceId('Microsoft.CognitiveServices/accounts', names.ai)
          group: 'account'
          zones: [zones.cognitiveServices, zones.openAi, zones.aiServices]
        }
      ]
    : []
)

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' existing = {
  name: names.network

  resource subnet 'subnets' existing = {
    name: 'endpoints'
  }
}

resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for service in services: {
    name: 'pep-${service.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::subnet.id }
      privateLinkServiceConnections: [
        {
          name: service.name
          properties: {
            privateLinkServiceId: service.id
            groupIds: [service.group]
          }
        }
      ]
    }
  }
]

resource found 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (service, index) in services: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for zone in service.zones: {
          name: replace(zone, '.', '-')
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zone) }
        }
      ]
    }
  }
]
