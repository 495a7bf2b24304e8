// Who may use an account of Azure AI: ours, or one that was there already, maybe in another resource group.

import { grant } from '../roles.bicep'

param name string
@description('The resource group of the identities.')
param identityGroup string
param grants grant[]
@description('The resource of Communication Services that hears by this account itself, and the role that it needs. None: it does not.')
param communication { name: string, roleId: string }?

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: name
}

resource holders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in grants: {
    name: to.identity
    scope: resourceGroup(identityGroup)
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in grants: {
    name: guid(account.id, holders[index].id, to.roleId)
    scope: account
    properties: {
      principalId: holders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]

resource hearing 'Microsoft.Communication/communicationServices@2025-09-01' existing = if (communication != null) {
  name: communication.?name ?? 'none'
  scope: resourceGroup(identityGroup)
}

resource hears 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (communication != null) {
  name: guid(account.id, hearing.id, communication.?roleId ?? '')
  scope: account
  properties: {
    principalId: hearing!.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', communication.?roleId ?? '')
  }
}
