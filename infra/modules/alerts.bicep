// What somebody should be told of: questions to the log, on tables that are filled today, each a file in `queries/`; and the
// room that Redis has left.

param location string
param tags { *: string }
param workspaceName string
param redisName string
@description('Who is told. None: alerts are seen in the portal only.')
param emails string[]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' existing = {
  name: redisName
}

type alert = {
  name: string
  description: string
  query: string
  @description('0 is the worst.')
  severity: 0 | 1 | 2 | 3 | 4
  window: 'PT5M' | 'PT15M' | 'PT1H'
  @description('How often it is asked. Every five minutes costs three times as much as every fifteen.')
  every: 'PT5M' | 'PT15M' | 'PT1H'
  @description('How far back its query looks, where that is more than the window.')
  range: 'P1D'?
}

var alerts alert[] = [
  {
    name: 'stream-host-fatal'
    description: 'A stream host could not start or had to end: a setting that it refuses, or a fault of ours.'
    query: loadTextContent('../queries/stream-host-fatal.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'stream-host-restarts'
    description: 'The platform ends stream hosts again and again.'
    query: loadTextContent('../queries/stream-host-restarts.kql')
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
  }
  {
    name: 'functions-failing'
    description: 'The functions answer with 5xx: calls are not answered, or callbacks are lost.'
    query: loadTextContent('../queries/functions-failing.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'not-available'
    description: 'A test from outside fails from two places or more.'
    query: loadTextContent('../queries/not-available.kql')
    severity: 1
    window: 'PT15M'
    every: 'PT5M'
  }
  {
    name: 'calls-undelivered'
    description: 'Event Grid could not deliver a ringing call: somebody heard it ring until it ended.'
    query: loadTextContent('../queries/calls-undelivered.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'calls-rejected'
    description: 'A caller heard that the line is busy: nobody could talk with them. Most often no stream host had a place.'
    query: loadTextContent('../queries/calls-rejected.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'answers-failing'
    description: 'Ringing calls are not answered, or their media is not opened: callers hear it ring, or nothing.'
    query: loadTextContent('../queries/answers-failing.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'silences'
    description: 'Callers waited in silence for more than three seconds.'
    query: loadTextContent('../queries/silences.kql')
    severity: 2
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'recordings-failing'
    description: 'Recordings of calls come to nothing, end by themselves, or stay paused though nobody is to be told any more.'
    query: loadTextContent('../queries/recordings-failing.kql')
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
  }
  {
    name: 'hosts-full'
    description: 'No stream host has a place: the next caller hears that the line is busy.'
    query: loadTextContent('../queries/hosts-full.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'audio-dropped'
    description: 'Sound of callers or of the agent is dropped: a host is too busy, or a line too slow.'
    query: loadTextContent('../queries/audio-dropped.kql')
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
  }
  {
    name: 'threads-restarting'
    description: 'Threads of stream hosts that judge speech die and are replaced.'
    query: loadTextContent('../queries/threads-restarting.kql')
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
  }
  {
    name: 'dependencies-failing'
    description: 'A service that calls need fails more than every tenth time.'
    query: loadTextContent('../queries/dependencies-failing.kql')
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
  }
  {
    name: 'spend'
    description: 'Twice as much is used as in the busiest hour of the day before: a campaign, or somebody who should not.'
    query: loadTextContent('../queries/spend.kql')
    severity: 2
    window: 'PT1H'
    every: 'PT1H'
    range: 'P1D'
  }
]

resource told 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'parley'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'parley'
    enabled: true
    emailReceivers: [
      for (address, index) in emails: {
        name: 'email-${index}'
        emailAddress: address
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for it in alerts: {
    name: it.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: it.name
      description: it.description
      enabled: true
      severity: it.severity
      scopes: [workspace.id]
      evaluationFrequency: it.every
      windowSize: it.window
      overrideQueryTimeRange: it.?range
      autoMitigate: true
      // A table is there from its first line on. A new workspace has none, and the deployment would fail.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: it.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [told.id] }
    }
  }
]

// It evicts nothing: once it is full it takes no new call. Azure says to scale from 75 percent on.
resource redisMemory 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'redis-memory'
  location: 'global'
  tags: tags
  properties: {
    description: 'Redis has less than a quarter of its memory left. Full, it takes no new call.'
    enabled: true
    severity: 1
    scopes: [redis.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'memory'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Cache/redisEnterprise'
          metricName: 'usedmemorypercentage'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 75
        }
      ]
    }
    actions: empty(emails) ? [] : [{ actionGroupId: told.id }]
  }
}
