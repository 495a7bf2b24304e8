// Azure Managed Redis. Access keys are off: who comes in has an identity with the policy `default` and brings its token.

import { redisSize } from '../types.bicep'

param name string
param location string
param tags { *: string }
param size redisSize
@description('Whether its public address is closed.')
param isPrivate bool
@description('The names of the identities that may come in.')
param members string[]

resource holders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for identity in members: {
    name: identity
  }
]

resource cluster 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: size.sku }
  identity: { type: 'None' }
  properties: {
    highAvailability: size.highAvailability ? 'Enabled' : 'Disabled'
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }

  resource database 'databases' = {
    name: 'default'
    properties: {
      accessKeysAuthentication: 'Disabled'
      clientProtocol: 'Encrypted'
      clusteringPolicy: size.clusteringPolicy
      // A session that vanished for want of room would be a call that nobody knows.
      evictionPolicy: 'NoEviction'
      port: 10000
    }

    // One after the other: the service takes one change at a time.
    @batchSize(1)
    resource assignments 'accessPolicyAssignments' = [
      for (identity, index) in members: {
        // Letters and digits only.
        name: replace(identity, '-', '')
        properties: {
          accessPolicyName: 'default'
          user: { objectId: holders[index].properties.principalId }
        }
      }
    ]
  }
}
