// One account for Speech, Azure OpenAI and Voice Live, with its models. Keys are off.

import { modelDeployment } from '../types.bicep'

param name string
param location string
param tags { *: string }
@description('Whether its public address is closed.')
param isPrivate bool
param deployments modelDeployment[]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    // Entra is taken at an address of the account's own only.
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }

  // One after the other: the service takes one change at a time.
  @batchSize(1)
  resource models 'deployments' = [
    for it in deployments: {
      name: it.name
      sku: { name: it.sku, capacity: it.capacity }
      properties: {
        model: { format: 'OpenAI', name: it.model, version: it.version }
        // A model that changes by itself changes how the agent answers.
        versionUpgradeOption: 'OnceCurrentVersionExpired'
      }
    }
  ]
}
