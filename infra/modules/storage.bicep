// A storage account with one container. There are two of them: what the functions' platform needs, and the records of
// calls, so that the functions' wide role on the first opens nothing in the second.

import { callRecords } from '../types.bicep'
import { grant } from '../roles.bicep'

param name string
param location string
param tags { *: string }
param sku 'Standard_LRS' | 'Standard_ZRS'
param container string
@description('What becomes of records with time. None: all is kept.')
param lifeCycle callRecords?
@description('Whether its public address is closed.')
param isPrivate bool
@description('What was deleted is gone, as whoever asks for an erasure may expect. Else it can be had back for a week.')
param forgetsDeleted bool = false
@description('Who gets a role on the whole account.')
param accountGrants grant[] = []
@description('Who gets a role on the container alone.')
param containerGrants grant[] = []

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: forgetsDeleted ? { enabled: false } : { enabled: true, days: 7 }
    }

    resource store 'containers' = {
      name: container
      properties: { publicAccess: 'None' }
    }
  }

  resource rules 'managementPolicies' = if (lifeCycle != null) {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'records-age'
            enabled: true
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['${container}/'] }
              actions: {
                baseBlob: {
                  tierToCool: { daysAfterModificationGreaterThan: lifeCycle!.coolAfterDays }
                  delete: { daysAfterModificationGreaterThan: lifeCycle!.deleteAfterDays }
                }
              }
            }
          }
          {
            // Records that are appended to can't change their tier, only go.
            name: 'appended-records-age'
            enabled: true
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['appendBlob'], prefixMatch: ['${container}/'] }
              actions: {
                baseBlob: {
                  delete: { daysAfterModificationGreaterThan: lifeCycle!.deleteAfterDays }
                }
              }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

resource accountHolders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in accountGrants: {
    name: to.identity
  }
]

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in accountGrants: {
    name: guid(account.id, accountHolders[index].id, to.roleId)
    scope: account
    properties: {
      principalId: accountHolders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]

resource containerHolders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in containerGrants: {
    name: to.identity
  }
]

resource onContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in containerGrants: {
    name: guid(account::blobs::store.id, containerHolders[index].id, to.roleId)
    scope: account::blobs::store
    properties: {
      principalId: containerHolders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]
