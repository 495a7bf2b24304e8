// An example: the least, to try, with keys at the doors. Run it without azd:
// az deployment sub create -n parley-dev -l swedencentral -f infra/main.bicep -p infra/main.dev.bicepparam
using 'main.bicep'

import { dev } from 'profiles.bicep'

param environmentName = 'parley-dev'
param location = 'swedencentral'
param size = dev
param phone = { dataLocation: 'Europe', sourceNumber: '', teamsAccount: '' }
param ai = loadJsonContent('models.json')
param access = {
  api: 'key'
  apiAudience: ''
  apiCallers: ''
  eventGrid: 'key'
  eventGridAudience: ''
  signInClientId: ''
  allowedOrigins: ''
}
param limits = {
  countries: 'DE'
  callsPerMinute: '5'
  callsPerDay: '50'
  callsPerNumberPerDay: '10'
  callsPerClientPerMinute: '5'
  budgetPerDay: ''
  prices: ''
}
param talk = {
  defaultAgent: 'orders'
  language: 'en-US'
  streamingMode: 'media'
  transcriptionSource: 'recogniser'
}
param logLevel = 'debug'
param streamHostImage = 'example.azurecr.io/parley/stream-host:1'
