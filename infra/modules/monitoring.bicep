// Where logs, requests and the tests from outside go. Nobody can write or read with a key.

import { logs } from '../types.bicep'
import { grant } from '../roles.bicep'

param workspaceName string
param insightsName string
param location string
param tags { *: string }
param size logs
@description('Who may send telemetry.')
param grants grant[]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: size.retentionDays
    workspaceCapping: { dailyQuotaGb: size.dailyGb }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

resource holders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in grants: {
    name: to.identity
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in grants: {
    name: guid(insights.id, holders[index].id, to.roleId)
    scope: insights
    properties: {
      principalId: holders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]
