import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { EMULATED_TENANT } from '../emulator/settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the three processes of a local stack listen. */
export interface LocalPorts {
  readonly functions: number;
  readonly streamHost: number;
  readonly emulator: number;
  readonly emulatorTls: number;
}

export const DEFAULT_PORTS = {
  functions: 7071,
  streamHost: 8080,
  emulator: 8090,
  emulatorTls: 8443,
} as const satisfies LocalPorts;

/** The variable that moves each port. */
export const PORT_VARIABLES = {
  functions: 'FUNCTIONS_PORT',
  streamHost: 'STREAM_HOST_PORT',
  emulator: 'EMULATOR_PORT',
  emulatorTls: 'EMULATOR_TLS_PORT',
} as const satisfies Record<keyof LocalPorts, string>;

/**
 * The settings of a local stack: what the user set stays, all else points at the emulator. Keys are drawn anew at each
 * start; nothing here is worth stealing, but nothing here is guessable either.
 */
export function localEnvironment(given: Environment, ports: LocalPorts, redisUrl: string): Record<string, string> {
  const emulatorUrl = `http://127.0.0.1:${ports.emulator}`;
  const accessKey = randomBytes(32).toString('base64');
  const resourceId = randomUUID();
  const speechKey = randomBytes(16).toString('hex');
  const modelKey = randomBytes(16).toString('hex');
  const defaults = {
    STREAM_HOST_BIND: '127.0.0.1',
    // Whoever presses Ctrl-C does not want to wait for calls.
    ...(!given.DRAIN_MS && { DRAIN_LIMIT_SECONDS: '0' }),
    FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${ports.functions}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${ports.streamHost}`,
    FUNCTIONS_URL: `http://127.0.0.1:${ports.functions}`,
    STREAM_HOST_URL: `http://127.0.0.1:${ports.streamHost}`,
    WATCH_AGENTS: 'true',
    ...(!given.ACS_ENDPOINT && { ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${accessKey}` }),
    ACS_RESOURCE_ID: resourceId,
    ACS_JWKS_URL: `${emulatorUrl}/calling/keys`,
    ACS_SOURCE_NUMBER: '+15550100',
    SPEECH_HOST: `ws://127.0.0.1:${ports.emulator}`,
    ...(!isRemote(given.SPEECH_HOST) && { SPEECH_KEY: speechKey }),
    AZURE_SPEECH_ENDPOINT: emulatorUrl,
    AZURE_OPENAI_BASE_URL: `${emulatorUrl}/openai/v1`,
    ...(!isRemote(given.AZURE_OPENAI_BASE_URL) && { AZURE_OPENAI_API_KEY: modelKey }),
    AZURE_OPENAI_DEPLOYMENT: 'local',
    ...realtimeEnvironment(given, emulatorUrl, modelKey),
    ...entraEnvironment(given, emulatorUrl),
    // Whoever calls real numbers from here keeps the limits of production.
    ...(!given.ACS_CONNECTION_STRING && !given.ACS_ENDPOINT && EMULATED_CALLS),
    EMULATOR_URL: emulatorUrl,
    ...telemetryEnvironment(given, emulatorUrl),
    // Azure Storage is the user's own, or there is none: the emulator has only enough of it to be asked.
    ...(!given.CALL_RECORDS_URL && { CALL_RECORDS_DIR: path.resolve('.parley/records') }),
    EMULATOR_ACCESS_KEY: accessKey,
    EMULATOR_RESOURCE_ID: resourceId,
    EMULATOR_SPEECH_KEY: speechKey,
    EMULATOR_OPENAI_KEY: modelKey,
    // Room for the longest body that the functions take; what is longer is refused before it is in memory.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576',
    EVENT_GRID_WEBHOOK_URL: `http://127.0.0.1:${ports.functions}/api/v1/calls/answer`,
  };
  const portSettings = Object.fromEntries(
    Object.entries(PORT_VARIABLES).map(([name, variable]) => [variable, String(ports[name as keyof LocalPorts])]),
  );
  const set = Object.entries(given).filter((entry): entry is [string, string] => !!entry[1]);
  return { ...defaults, ...Object.fromEntries(set), ...portSettings, REDIS_URL: redisUrl };
}

/**
 * The emulated Entra, for whoever sets API_AUTH or EVENT_GRID_AUTH to entra. A tenant of the user's own is left to the
 * user, with all that belongs to it.
 */
function entraEnvironment(given: Environment, emulatorUrl: string): Record<string, string> {
  if (given.API_TENANT_ID) return {};
  const audience = given.API_AUDIENCE || 'api://parley';
  const gridAudience = given.EVENT_GRID_AUDIENCE || audience;
  return {
    API_TENANT_ID: EMULATED_TENANT,
    API_AUDIENCE: audience,
    API_JWKS_URL: `${emulatorUrl}/discovery/v2.0/keys`,
    EVENT_GRID_AUDIENCE: gridAudience,
    EMULATOR_API_AUDIENCE: audience,
    ...(given.EVENT_GRID_AUTH === 'entra' && { EMULATOR_EVENT_GRID_AUDIENCE: gridAudience }),
  };
}

/** Traces and metrics go to the emulator, unless the user has somewhere else for them. The key of Application Insights is no secret. */
function telemetryEnvironment(given: Environment, emulatorUrl: string): Record<string, string> {
  if (given.APPLICATIONINSIGHTS_CONNECTION_STRING || given.OTEL_EXPORTER_OTLP_ENDPOINT) return {};
  return {
    APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${randomUUID()};IngestionEndpoint=${emulatorUrl}/;LiveEndpoint=${emulatorUrl}/`,
  };
}

/** Whoever tries things out calls the same number again and again, and many at once; the emulator's calls cost nothing. */
const EMULATED_CALLS = {
  OUTBOUND_CALLS_PER_MINUTE: '10000',
  OUTBOUND_CALLS_PER_DAY: '1000000',
  OUTBOUND_CALLS_PER_NUMBER_PER_DAY: '1000000',
  OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: '10000',
};

/** Of the user's own, over TLS: without a key of the user's, the identity of who is signed in here is used. */
const isRemote = (address: string | undefined): boolean => /^(?:https|wss):/i.test(address ?? '');

/**
 * Both speech-to-speech services, of which Voice Live is used unless the user wants the other, or has set it up. What
 * belongs to a resource of the user's is left to the user, all of it.
 */
function realtimeEnvironment(given: Environment, emulatorUrl: string, key: string): Record<string, string> {
  const isOpenAi = Boolean(given.AZURE_OPENAI_REALTIME_DEPLOYMENT) && !given.AZURE_VOICE_LIVE_ENDPOINT;
  const service = given.REALTIME_SERVICE || (isOpenAi ? 'azure-openai' : 'azure-voice-live');
  return {
    REALTIME_SERVICE: service,
    ...(service === 'azure-openai' && { REALTIME_TRANSCRIPTION_MODEL: 'whisper-1' }),
    ...(!given.AZURE_VOICE_LIVE_ENDPOINT && {
      AZURE_VOICE_LIVE_ENDPOINT: emulatorUrl,
      AZURE_VOICE_LIVE_API_KEY: key,
      ...(!given.AZURE_VOICE_LIVE_AGENT_NAME && { AZURE_VOICE_LIVE_MODEL: 'local' }),
    }),
    ...(!given.AZURE_OPENAI_REALTIME_DEPLOYMENT && {
      AZURE_OPENAI_REALTIME_BASE_URL: `${emulatorUrl}/openai/v1`,
      AZURE_OPENAI_REALTIME_API_KEY: key,
      AZURE_OPENAI_REALTIME_DEPLOYMENT: 'local',
    }),
  };
}
