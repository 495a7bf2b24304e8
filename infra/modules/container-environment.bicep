// What the stream host runs in. Its logs go to the workspace by Azure Monitor, which needs no key of it.

param name string
param location string
param tags { *: string }
param workspaceName string
@description('The virtual network of a private deployment. Empty: none.')
param networkName string

var isPrivate = !empty(networkName)

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' existing = if (isPrivate) {
  name: networkName

  resource subnet 'subnets' existing = {
    name: 'containers'
  }
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    zoneRedundant: isPrivate
    vnetConfiguration: isPrivate ? { infrastructureSubnetId: network::subnet.id, internal: false } : null
  }
}

// The newest of this type is a preview, and the one before knows no categories of logs as they are now.
#disable-next-line use-recent-api-versions
resource toWorkspace 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: environment
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'ContainerAppConsoleLogs', enabled: true }
      { category: 'ContainerAppSystemLogs', enabled: true }
    ]
  }
}

output defaultDomain string = environment.properties.defaultDomain
