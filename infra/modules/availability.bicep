// Tests from outside: whether the functions answer, and whether either half can do its work. They follow no key: health
// and readiness are open and say little to strangers.

import { availability } from '../types.bicep'
import { resourceNames } from '../names.bicep'

param names resourceNames
param location string
param tags { *: string }
param size availability
@description('An address of a proxy of yours before the functions. Empty: their own.')
param functionsUrl string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

resource functions 'Microsoft.Web/sites@2024-11-01' existing = {
  name: names.functions
}

resource containers 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: names.containerEnvironment
}

var functionsAddress = empty(functionsUrl) ? 'https://${functions.properties.defaultHostName}' : functionsUrl
var streamHostAddress = 'https://${names.streamHost}.${containers.properties.defaultDomain}'
var tests = [
  { name: 'functions-health', half: 'functions', path: '/api/v1/health' }
  { name: 'functions-readiness', half: 'functions', path: '/api/v1/readiness' }
  { name: 'stream-host-readiness', half: 'stream-host', path: '/readyz' }
]

resource webTests 'Microsoft.Insights/webtests@2022-06-15' = [
  for test in tests: if (!empty(size.locations)) {
    name: test.name
    location: location
    tags: union(tags, { 'hidden-link:${insights.id}': 'Resource' })
    kind: 'standard'
    properties: {
      SyntheticMonitorId: test.name
      Name: test.name
      Kind: 'standard'
      Enabled: true
      Frequency: size.everySeconds
      Timeout: 30
      RetryEnabled: true
      Locations: [for id in size.locations: { Id: id }]
      Request: {
        RequestUrl: '${test.half == 'functions' ? functionsAddress : streamHostAddress}${test.path}'
        HttpVerb: 'GET'
        ParseDependentRequests: false
        FollowRedirects: false
      }
      ValidationRules: {
        ExpectedHttpStatusCode: 200
        SSLCheck: true
        SSLCertRemainingLifetimeCheck: 7
      }
    }
  }
]
