// What azd deploys. A name in capitals is set with `azd env set NAME value`; those of AZURE_… azd sets itself.
using 'main.bicep'

import { dev, production } from 'profiles.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param aiLocation = readEnvironmentVariable('AZURE_AI_LOCATION', readEnvironmentVariable('AZURE_LOCATION'))
// dev or production.
param size = readEnvironmentVariable('PARLEY_PROFILE', 'dev') == 'production' ? production : dev
// A number comes through Teams Phone Extensibility, for whoever is new since October 2026: docs/operations.md.
param phone = {
  dataLocation: any(readEnvironmentVariable('ACS_DATA_LOCATION', 'Europe'))
  sourceNumber: readEnvironmentVariable('ACS_SOURCE_NUMBER', '')
  teamsAccount: readEnvironmentVariable('TEAMS_PHONE_RESOURCE_ACCOUNT_ID', '')
}
// Which models, and which of them does what. `azd provision` looks whether the region has them.
param ai = loadJsonContent('models.json')
// The two audiences are apps in Entra. `azd provision` makes them where none is set (infra/hooks/preprovision.ts).
param access = {
  api: any(readEnvironmentVariable('API_AUTH', 'entra'))
  apiAudience: readEnvironmentVariable('API_AUDIENCE', '')
  apiCallers: readEnvironmentVariable('API_CALLERS', '')
  eventGrid: any(readEnvironmentVariable('EVENT_GRID_AUTH', 'entra'))
  eventGridAudience: readEnvironmentVariable('EVENT_GRID_AUDIENCE', '')
  signInClientId: readEnvironmentVariable('SIGN_IN_CLIENT_ID', '')
  allowedOrigins: readEnvironmentVariable('ALLOWED_ORIGINS', '')
}
// An empty one has its default; no country named: every one where the type of the number is allowed.
param limits = {
  countries: readEnvironmentVariable('OUTBOUND_COUNTRIES', '')
  callsPerMinute: readEnvironmentVariable('OUTBOUND_CALLS_PER_MINUTE', '')
  callsPerDay: readEnvironmentVariable('OUTBOUND_CALLS_PER_DAY', '')
  callsPerNumberPerDay: readEnvironmentVariable('OUTBOUND_CALLS_PER_NUMBER_PER_DAY', '')
  callsPerClientPerMinute: readEnvironmentVariable('OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE', '')
  budgetPerDay: readEnvironmentVariable('OUTBOUND_BUDGET_PER_DAY', '')
  prices: readEnvironmentVariable('OUTBOUND_PRICES', '')
}
param talk = {
  defaultAgent: readEnvironmentVariable('DEFAULT_AGENT', 'orders')
  language: readEnvironmentVariable('SPEECH_LANGUAGE', 'en-US')
  streamingMode: any(readEnvironmentVariable('ACS_STREAMING_MODE', 'media'))
  transcriptionSource: any(readEnvironmentVariable('TRANSCRIPTION_SOURCE', 'recogniser'))
}
param logLevel = any(readEnvironmentVariable('LOG_LEVEL', 'info'))
param alertEmails = filter(
  map(split(readEnvironmentVariable('ALERT_EMAILS', ''), ','), address => trim(address)),
  address => !empty(address)
)
// `azd deploy` makes the stream host's app, with the image that it pushes. Set this only where azd does not deploy it.
param streamHostImage = readEnvironmentVariable('STREAM_HOST_IMAGE', '')
