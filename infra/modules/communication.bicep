// Azure Communication Services, and the topic on which it tells of ringing calls. The subscription to that topic is made
// after the functions are deployed (infra/hooks/postdeploy.ts): Event Grid asks the endpoint when it is made.
//
// No number is bought here, and none can be: since October 2026 a new customer gets one only through Teams Phone
// Extensibility. docs/operations.md has the steps.

import { telephone } from '../types.bicep'
import { grant } from '../roles.bicep'

param name string
param topicName string
param location string
param tags { *: string }
param dataLocation telephone.dataLocation
param workspaceName string
@description('Who answers, places and ends calls.')
param grants grant[]

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' = {
  name: name
  location: 'global'
  tags: tags
  // With it ACS itself asks the Speech resource, where it puts calls into words.
  identity: { type: 'SystemAssigned' }
  properties: {
    dataLocation: dataLocation
    disableLocalAuth: true
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  properties: {
    source: communication.id
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

// The newest of this type is a preview, and the one before knows no categories of logs as they are now.
#disable-next-line use-recent-api-versions
resource undelivered 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: topic
  properties: {
    workspaceId: workspace.id
    logs: [{ category: 'DeliveryFailures', enabled: true }]
  }
}

// The newest of this type is a preview, and the one before knows no categories of logs as they are now.
#disable-next-line use-recent-api-versions
resource callLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: communication
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'CallAutomationOperational', enabled: true }
      { category: 'CallAutomationMediaSummary', enabled: true }
      { category: 'CallAutomationStreamingUsage', enabled: true }
    ]
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource holders 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for to in grants: {
    name: to.identity
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (to, index) in grants: {
    name: guid(communication.id, holders[index].id, to.roleId)
    scope: communication
    properties: {
      principalId: holders[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', to.roleId)
    }
  }
]
