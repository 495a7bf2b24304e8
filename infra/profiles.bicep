// The two sizes that we stand behind. Change them here, or give `main.bicep` one of your own.

import { profile } from 'types.bicep'

@export()
@description('To try and to develop: the least that can take a call. A restart is heard.')
var dev profile = {
  functions: { alwaysReady: 1, most: 40, memoryMB: 2048 }
  streamHost: {
    least: 1
    most: 2
    resources: { cpu: '1.0', memory: '2Gi' }
    places: 40
    browserPlaces: 20
    scaleOutAtPercent: 70
    drainSeconds: 60
  }
  redis: { sku: 'Balanced_B0', highAvailability: false, clusteringPolicy: 'NoCluster' }
  network: { kind: 'public' }
  logs: { retentionDays: 30, dailyGb: 1 }
  registry: 'Basic'
  storage: 'Standard_LRS'
  callRecords: { coolAfterDays: 30, deleteAfterDays: 90 }
  availability: { everySeconds: 900, locations: ['emea-nl-ams-azr', 'emea-gb-db3-azr'] }
}

@export()
@description('For callers: what fails is doubled, calls have ten minutes to end before an upgrade cuts them, and the services have no public door.')
var production profile = {
  functions: { alwaysReady: 2, most: 100, memoryMB: 2048 }
  streamHost: {
    least: 2
    most: 20
    resources: { cpu: '2.0', memory: '4Gi' }
    places: 100
    browserPlaces: 40
    scaleOutAtPercent: 40
    drainSeconds: 590
  }
  redis: { sku: 'Balanced_B1', highAvailability: true, clusteringPolicy: 'NoCluster' }
  network: { kind: 'private', addressSpace: '10.80.0.0/16' }
  logs: { retentionDays: 90, dailyGb: 10 }
  registry: 'Standard'
  storage: 'Standard_ZRS'
  callRecords: { coolAfterDays: 30, deleteAfterDays: 365 }
  availability: {
    everySeconds: 300
    locations: ['emea-nl-ams-azr', 'emea-gb-db3-azr', 'emea-se-sto-edge']
  }
}
