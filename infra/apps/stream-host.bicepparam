// Read by `azd deploy`: the image that it has just pushed, and what `main.bicep` gave out.
using 'stream-host.bicep'

param image = readEnvironmentVariable('SERVICE_STREAM_HOST_IMAGE_NAME', '')
param plan = any(json(readEnvironmentVariable('STREAM_HOST_PARAMETERS', '{}')))
param hasWebhook = !empty(readEnvironmentVariable('TRANSCRIPTION_WEBHOOK_URL', ''))
param transcriptionWebhookUrl = readEnvironmentVariable('TRANSCRIPTION_WEBHOOK_URL', '')
param transcriptionWebhookSecret = readEnvironmentVariable('TRANSCRIPTION_WEBHOOK_SECRET', '')
