// Images of the stream host. Pulled by its identity, pushed by whoever deploys.

import { grant } from '../roles.bicep'

param name string
param location string
param tags { *: string }
param sku 'Basic' | 'Standard' | 'Premium'
param grants grant[]

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
  }
}

resource holders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in grants: {
    name: to.identity
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in grants: {
    name: guid(registry.id, holders[index].id, to.roleId)
    scope: registry
    properties: {
      principalId: holders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]

output server string = registry.properties.loginServer
