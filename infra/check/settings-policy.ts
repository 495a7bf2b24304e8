import { ROLE } from '../../shared/telemetry/names.ts';
import type { Half } from './expansion.ts';

interface PlatformSetting {
  readonly why: string;
  readonly required: boolean;
}

/** Variables that are no settings of ours: the platform or a library reads them. */
export const PLATFORM_SETTINGS: Readonly<Record<Half, Readonly<Record<string, PlatformSetting>>>> = {
  functions: {
    AzureWebJobsStorage__accountName: { required: false, why: 'the host keeps its locks and keys there' },
    AzureWebJobsStorage__blobServiceUri: { required: false, why: 'the host keeps its locks and keys there' },
    AzureWebJobsStorage__credential: { required: true, why: 'the host reaches its storage by an identity' },
    AzureWebJobsStorage__clientId: { required: true, why: 'which identity that is' },
    APPLICATIONINSIGHTS_CONNECTION_STRING: { required: true, why: 'the host writes its telemetry there' },
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: { required: true, why: 'it does so by an identity' },
    WEBSITE_CLOUD_ROLENAME: { required: true, why: 'the host’s telemetry has the role of the functions’ spans' },
    AZURE_CLIENT_ID: { required: true, why: '@azure/identity reads which identity it uses' },
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: {
      required: true,
      why: 'the host refuses what is longer before it is in memory',
    },
  },
  'stream-host': {
    APPLICATIONINSIGHTS_CONNECTION_STRING: { required: true, why: 'telemetry goes there' },
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: { required: true, why: 'it does so by an identity' },
    AZURE_CLIENT_ID: { required: true, why: '@azure/identity reads which identity it uses' },
  },
};

interface AzureRule {
  readonly pattern: RegExp;
  readonly allowed: string;
}

/** What a setting must be in Azure, though its schema takes more. */
export const AZURE_RULES: Readonly<Record<string, AzureRule>> = {
  FUNCTIONS_PUBLIC_URL: { pattern: /^https:/, allowed: 'an https address' },
  STREAM_HOST_PUBLIC_URL: { pattern: /^wss:/, allowed: 'a wss address' },
  STREAM_HOST_URL: { pattern: /^https:/, allowed: 'an https address' },
  REDIS_URL: { pattern: /^rediss:\/\/[^@]*$/, allowed: 'a rediss address without a password' },
  ACS_ENDPOINT: { pattern: /^https:/, allowed: 'an https address' },
  REDIS_IDENTITY: { pattern: /^true$/, allowed: 'true: Redis takes no password' },
  REQUIRE_TICKETS: { pattern: /^true$/, allowed: 'true' },
  SPEECH_HOST: {
    pattern: /^wss:\/\/[^/]+\.cognitiveservices\.azure\.com$/,
    allowed: 'wss://….cognitiveservices.azure.com',
  },
  AZURE_SPEECH_ENDPOINT: {
    pattern: /^https:\/\/[^/]+\.cognitiveservices\.azure\.com$/,
    allowed: 'https://….cognitiveservices.azure.com',
  },
  AZURE_OPENAI_BASE_URL: {
    pattern: /^https:\/\/[^/]+\.openai\.azure\.com\/openai\/v1$/,
    allowed: 'https://….openai.azure.com/openai/v1',
  },
  SPEECH_FALLBACK_HOST: {
    pattern: /^wss:\/\/[^/]+\.cognitiveservices\.azure\.com$/,
    allowed: 'wss://….cognitiveservices.azure.com',
  },
  AZURE_OPENAI_FALLBACK_BASE_URL: {
    pattern: /^https:\/\/[^/]+\.openai\.azure\.com\/openai\/v1$/,
    allowed: 'https://….openai.azure.com/openai/v1',
  },
  AZURE_VOICE_LIVE_ENDPOINT: {
    pattern: /^https:\/\/[^/]+\.services\.ai\.azure\.com$/,
    allowed: 'https://….services.ai.azure.com',
  },
  CALL_RECORDS_URL: {
    pattern: /^https:\/\/[^/]+\.blob\.core\.windows\.net\/[a-z0-9-]{3,63}$/,
    allowed: 'https://….blob.core.windows.net/container',
  },
  AzureWebJobsStorage__credential: { pattern: /^managedidentity$/, allowed: 'managedidentity' },
  AzureWebJobsStorage__blobServiceUri: {
    pattern: /^https:\/\/[^/]+\.blob\.core\.windows\.net\/?$/,
    allowed: 'https://….blob.core.windows.net/',
  },
  APPLICATIONINSIGHTS_CONNECTION_STRING: { pattern: /^InstrumentationKey=/, allowed: 'what Application Insights says' },
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: {
    pattern: /^Authorization=AAD;ClientId=[0-9a-f-]{36}$/,
    allowed: 'Authorization=AAD;ClientId=… of the identity',
  },
  WEBSITE_CLOUD_ROLENAME: { pattern: new RegExp(`^${ROLE.functions}$`), allowed: ROLE.functions },
  TRUSTED_PROXY_HOPS: { pattern: /^[12]$/, allowed: '1: the ingress of Container Apps; 2 behind a proxy of your own' },
  LOG_TRANSCRIPTS: { pattern: /^(false)?$/, allowed: 'false: what callers say is private' },
};

const LOCAL = 'it is for a developer’s machine';
const IDENTITY = 'an identity stands in place of the key';
const NO_DISK = 'what a container has on its disk goes with it: CALL_RECORDS_URL stands in its place';
const PUBLIC_CLOUD = 'the default is that of Azure’s public cloud';

/** Settings that no deployment sets, and why. */
export const NEVER: Readonly<Record<Half, Readonly<Record<string, string>>>> = {
  functions: {
    FUNCTIONS_PORT: LOCAL,
    CALL_RECORDS_DIR: NO_DISK,
    ACS_CONNECTION_STRING: IDENTITY,
    ACS_TOKEN_ISSUER: PUBLIC_CLOUD,
    ACS_JWKS_URL: PUBLIC_CLOUD,
    API_TOKEN_ISSUER: PUBLIC_CLOUD,
    API_JWKS_URL: PUBLIC_CLOUD,
    EVENT_GRID_CALLERS: PUBLIC_CLOUD,
  },
  'stream-host': {
    CALL_RECORDS_DIR: NO_DISK,
    ACS_CONNECTION_STRING: IDENTITY,
    ACS_TOKEN_ISSUER: PUBLIC_CLOUD,
    ACS_JWKS_URL: PUBLIC_CLOUD,
    API_TOKEN_ISSUER: PUBLIC_CLOUD,
    API_JWKS_URL: PUBLIC_CLOUD,
    SPEECH_KEY: IDENTITY,
    SPEECH_FALLBACK_KEY: IDENTITY,
    AZURE_OPENAI_API_KEY: IDENTITY,
    AZURE_OPENAI_FALLBACK_API_KEY: IDENTITY,
    AZURE_OPENAI_REALTIME_API_KEY: IDENTITY,
    AZURE_VOICE_LIVE_API_KEY: IDENTITY,
    SMART_TURN_MODEL: 'it has no effect any more',
    DRAIN_MS: 'DRAIN_LIMIT_SECONDS stands in its place',
    EMULATOR_URL: LOCAL,
    WATCH_AGENTS: LOCAL,
    FUNCTIONS_URL: 'each half has its own address in Azure',
    STREAM_HOST_BIND: 'the default is what a container needs',
  },
};

/** Settings that the examples leave at their defaults. `functionsSettings` and `streamHostSettings` of main.bicep set others. */
export const BY_DEFAULT: Readonly<Record<Half, ReadonlySet<string>>> = {
  functions: new Set([
    'SESSION_TTL_SECONDS',
    'AZURE_SPEECH_ENDPOINT',
    'ACS_SOURCE_NUMBER',
    'AGENTS_FOLDER',
    'TEAMS_PHONE_RESOURCE_ACCOUNT_ID',
    'INCOMING_WHEN_FULL',
  ]),
  'stream-host': new Set([
    'SESSION_TTL_SECONDS',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_METRIC_EXPORT_INTERVAL',
    'TELEMETRY_SAMPLE_RATIO',
    'LOG_TRANSCRIPTS',
    'RECORD_WORDS',
    'RECORD_AUDIO',
    'RECORD_NUMBERS',
    'CALL_PRICES',
    'RECORDING_CONTAINER_URL',
    'RECORDING_CHANNELS',
    'RECORDING_NOTICE_URL',
    'VOICE_ACTIVITY_RUNTIME',
    'REALTIME_SERVICE',
    'REALTIME_TRANSCRIPTION_MODEL',
    'AZURE_VOICE_LIVE_ENDPOINT',
    'AZURE_VOICE_LIVE_MODEL',
    'AZURE_VOICE_LIVE_PROFILE',
    'AZURE_VOICE_LIVE_AGENT_NAME',
    'AZURE_VOICE_LIVE_AGENT_PROJECT',
    'AZURE_VOICE_LIVE_API_VERSION',
    'AZURE_OPENAI_REALTIME_BASE_URL',
    'AZURE_OPENAI_REALTIME_DEPLOYMENT',
    'AGENTS_FOLDER',
    'MAX_CLIENT_SESSIONS',
    'MAX_CLIENT_OPENS_PER_MINUTE',
    'ALLOWED_ORIGINS',
    'ACS_MESSAGE_MS',
    'MAX_CALL_MS',
    'STREAM_HOST_PORT',
  ]),
};
