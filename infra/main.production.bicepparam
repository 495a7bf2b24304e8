// An example: for callers, in a network of its own, with Entra at the doors, an account of Azure AI that was there
// already, speech to speech beside the cascade, and a webhook. The ids and names are made up.
using 'main.bicep'

import { production } from 'profiles.bicep'

param environmentName = 'parley-production'
param location = 'westeurope'
param aiLocation = 'swedencentral'
param size = production
param phone = {
  dataLocation: 'Europe'
  sourceNumber: '+4930123456'
  teamsAccount: '55555555-5555-4555-8555-555555555555'
}
param accounts = {
  speech: { use: 'own' }
  openAi: { use: 'existing', name: 'contoso-models', resourceGroup: 'rg-contoso-ai' }
  voiceLive: { use: 'own' }
  fallback: { use: 'existing', name: 'contoso-models-north', resourceGroup: 'rg-contoso-ai' }
}
param ai = {
  // The chat model is a deployment of the account that was there.
  deployments: [
    { name: 'realtime', model: 'gpt-realtime-2.1-mini', version: '2026-07-07', sku: 'GlobalStandard', capacity: 10 }
  ]
  chat: 'contoso-chat'
  fallbackChat: 'contoso-chat-north'
  realtime: ''
  voiceLive: 'realtime'
  realtimeTranscription: 'azure-speech'
}
param access = {
  api: 'entra'
  apiAudience: '11111111-1111-4111-8111-111111111111'
  apiCallers: '22222222-2222-4222-8222-222222222222'
  eventGrid: 'entra'
  eventGridAudience: '33333333-3333-4333-8333-333333333333'
  signInClientId: '44444444-4444-4444-8444-444444444444'
  allowedOrigins: 'https://www.contoso.example'
}
param limits = {
  countries: 'DE,AT,CH'
  callsPerMinute: '60'
  callsPerDay: '2000'
  callsPerNumberPerDay: '5'
  callsPerClientPerMinute: '30'
  budgetPerDay: '200'
  prices: 'prices.json'
}
param talk = {
  defaultAgent: 'orders'
  language: 'de-DE'
  streamingMode: 'media'
  transcriptionSource: 'acs'
}
param addresses = { functions: 'https://api.contoso.example', streamHost: 'wss://voice.contoso.example' }
param further = {
  both: { MAX_CALL_MS: '1800000', SESSION_TTL_SECONDS: '604800' }
  functions: {}
  streamHost: {
    ACS_MESSAGE_MS: '200'
    AZURE_VOICE_LIVE_PROFILE: 'byom-azure-openai-realtime'
    LOG_TRANSCRIPTS: 'false'
    MAX_CLIENT_OPENS_PER_MINUTE: '20'
    MAX_CLIENT_SESSIONS: '10'
  }
}
param alertEmails = ['operations@contoso.example']
param streamHostImage = 'example.azurecr.io/parley/stream-host:1'
param hasWebhook = true
param transcriptionWebhookUrl = readEnvironmentVariable('TRANSCRIPTION_WEBHOOK_URL', '')
param transcriptionWebhookSecret = readEnvironmentVariable('TRANSCRIPTION_WEBHOOK_SECRET', '')
