// What each half is told, as far as it is known before anything exists. The rest its own template asks the resources for.
// Names and meanings are those of docs/settings.md; an empty value is not set.

import { conversation, doors, furtherSettings, models, outbound, telephone } from 'types.bicep'

func shared(talk conversation, access doors, logLevel string, tenantId string) { *: string } => {
  LOG_LEVEL: logLevel
  REDIS_IDENTITY: 'true'
  ACS_STREAMING_MODE: talk.streamingMode
  TRANSCRIPTION_SOURCE: talk.transcriptionSource
  SPEECH_LANGUAGE: talk.language
  DEFAULT_AGENT: talk.defaultAgent
  API_AUTH: access.api
  EVENT_GRID_AUTH: access.eventGrid
  API_TENANT_ID: access.api == 'entra' || access.eventGrid == 'entra' ? tenantId : ''
  API_AUDIENCE: access.api == 'entra' ? access.apiAudience : ''
  API_CALLERS: access.api == 'entra' ? access.apiCallers : ''
}

@export()
func functionsSettings(
  talk conversation,
  access doors,
  logLevel string,
  tenantId string,
  phone telephone,
  limits outbound,
  further furtherSettings
) { *: string } =>
  union(
    shared(talk, access, logLevel, tenantId),
    {
      ACS_SOURCE_NUMBER: phone.sourceNumber
      TEAMS_PHONE_RESOURCE_ACCOUNT_ID: phone.teamsAccount
      EVENT_GRID_AUDIENCE: access.eventGrid == 'entra' ? access.eventGridAudience : ''
      OUTBOUND_COUNTRIES: limits.countries
      OUTBOUND_CALLS_PER_MINUTE: limits.callsPerMinute
      OUTBOUND_CALLS_PER_DAY: limits.callsPerDay
      OUTBOUND_CALLS_PER_NUMBER_PER_DAY: limits.callsPerNumberPerDay
      OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: limits.callsPerClientPerMinute
      OUTBOUND_BUDGET_PER_DAY: limits.budgetPerDay
      OUTBOUND_PRICES: limits.prices
    },
    further.both,
    further.functions
  )

@export()
func streamHostSettings(
  talk conversation,
  access doors,
  logLevel string,
  tenantId string,
  ai models,
  further furtherSettings
) { *: string } =>
  union(
    shared(talk, access, logLevel, tenantId),
    {
      AZURE_OPENAI_DEPLOYMENT: ai.chat
      AZURE_OPENAI_FALLBACK_DEPLOYMENT: ai.?fallbackChat ?? ''
      AZURE_OPENAI_REALTIME_DEPLOYMENT: ai.realtime
      AZURE_VOICE_LIVE_MODEL: ai.voiceLive
      REALTIME_SERVICE: !empty(ai.voiceLive) ? 'azure-voice-live' : empty(ai.realtime) ? '' : 'azure-openai'
      REALTIME_TRANSCRIPTION_MODEL: ai.realtimeTranscription
      ALLOWED_ORIGINS: access.allowedOrigins
    },
    further.both,
    further.streamHost
  )
