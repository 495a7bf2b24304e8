import { z } from 'zod';
import { withCredentialChecks } from './credentials.ts';
import { apiHasAudience, doorsHaveTenant, toldOf } from './door-settings.ts';
import { type Environment, kinds, readSettings, setting } from './setting.ts';
import { sharedSettings } from './shared-settings.ts';
import { telemetrySettings } from './telemetry-settings.ts';
import { servesThisMachineAlone } from './this-machine.ts';

/** What the stream host needs and the functions do not. */
export const streamHostOnly = {
  LOG_TRANSCRIPTS: setting(kinds.flag.default(false), {
    about: 'Writes what was said into the log. Off, because it is private.',
    allowed: 'true or false',
  }),
  RECORD_WORDS: setting(kinds.flag.default(true), {
    about:
      'Whether the record of a call has its words, keys and what tools were given and gave. Without them it cannot be played again.',
    allowed: 'true or false',
  }),
  RECORD_AUDIO: setting(kinds.flag.default(false), {
    about:
      'Whether the record of a call has its sound, caller and agent on two channels. In most places everybody on the line must have agreed: set it only where they are asked.',
    allowed: 'true or false',
  }),
  RECORD_NUMBERS: setting(kinds.flag.default(false), {
    about: 'Whether the record of a call has telephone numbers whole. Else their last two digits.',
    allowed: 'true or false',
  }),
  CALL_PRICES: setting(kinds.text.optional(), {
    about:
      'What models, speech and lines cost: a table with the day and the source of each price (docs/records.md). Without it, or without a price, a cost is unknown.',
    allowed: 'the path of a file, YAML or JSON',
  }),
  STREAM_HOST_PORT: setting(kinds.port.default(8080), {
    about: 'The port of the sockets and the page.',
    allowed: 'a port, 1 to 65535',
  }),
  STREAM_HOST_BIND: setting(kinds.text.default('0.0.0.0'), {
    about: 'The address to listen on. A container wants all; `npm start` wants this machine only.',
    allowed: 'an address of this machine',
    sample: '127.0.0.1',
  }),
  SPEECH_HOST: setting(
    kinds.socketUrl.refine((url) => new URL(url).pathname === '/'),
    {
      about: 'The Speech endpoint. The SDK knows the paths below it.',
      allowed: 'a ws or wss address without a path, such as wss://<resource>.cognitiveservices.azure.com',
      sample: 'ws://127.0.0.1:8090',
    },
  ),
  SPEECH_KEY: setting(kinds.text.optional(), {
    about: 'The key of the Speech resource. Without it the identity of the process is used (Entra).',
    allowed: 'the key that the portal shows; none where SPEECH_HOST is wss:// or of this machine',
    sample: '<as EMULATOR_SPEECH_KEY>',
    secret: true,
  }),
  SPEECH_FALLBACK_HOST: setting(kinds.socketUrl.refine((url) => new URL(url).pathname === '/').optional(), {
    about:
      'A second Speech endpoint, best in another region: it hears and speaks for calls while the first fails or is late.',
    allowed: 'a ws or wss address without a path, such as wss://<resource>.cognitiveservices.azure.com',
  }),
  SPEECH_FALLBACK_KEY: setting(kinds.text.optional(), {
    about: 'The key of that resource. Without it the identity of the process is used (Entra).',
    allowed: 'the key that the portal shows; none where SPEECH_FALLBACK_HOST is wss:// or of this machine',
    secret: true,
  }),
  SMART_TURN_MODEL: setting(kinds.text.optional(), {
    about: 'Has no effect any more: the words alone say whether a caller has finished.',
    allowed: 'anything; take it out',
  }),
  VOICE_ACTIVITY_RUNTIME: setting(z.enum(['auto', 'native', 'wasm']).default('auto'), {
    about: 'What runs the voice-activity model: with auto the native runtime where the platform has it, else WASM.',
    allowed: 'auto, native or wasm',
  }),
  AZURE_OPENAI_BASE_URL: setting(kinds.httpUrl, {
    about: 'The v1 address of the model’s resource.',
    allowed: 'an http(s) address, such as https://<resource>.openai.azure.com/openai/v1',
    sample: 'http://127.0.0.1:8090/openai/v1',
  }),
  AZURE_OPENAI_API_KEY: setting(kinds.text.optional(), {
    about: 'The key of the model’s resource. Without it the identity of the process is used (Entra).',
    allowed: 'the key that the portal shows; none where AZURE_OPENAI_BASE_URL is https:// or of this machine',
    sample: '<as EMULATOR_OPENAI_KEY>',
    secret: true,
  }),
  AZURE_OPENAI_DEPLOYMENT: setting(kinds.text, {
    about: 'The deployment that answers.',
    allowed: 'the name of a deployment',
    sample: 'local',
  }),
  AZURE_OPENAI_FALLBACK_BASE_URL: setting(kinds.httpUrl.optional(), {
    about:
      'The v1 address of the resource of a second model, which is asked while the first fails or is late. AZURE_OPENAI_BASE_URL, when not set and AZURE_OPENAI_FALLBACK_DEPLOYMENT is.',
    allowed: 'an http(s) address, such as https://<resource>.openai.azure.com/openai/v1',
  }),
  AZURE_OPENAI_FALLBACK_API_KEY: setting(kinds.text.optional(), {
    about:
      'The key of that resource. Not set: AZURE_OPENAI_API_KEY where AZURE_OPENAI_FALLBACK_BASE_URL is not set either, else the identity of the process.',
    allowed: 'the key that the portal shows; none where AZURE_OPENAI_FALLBACK_BASE_URL is https:// or of this machine',
    secret: true,
  }),
  AZURE_OPENAI_FALLBACK_DEPLOYMENT: setting(kinds.text.optional(), {
    about:
      'The deployment of the second model. AZURE_OPENAI_DEPLOYMENT, when not set and AZURE_OPENAI_FALLBACK_BASE_URL is. Tools and prompt are the same for both.',
    allowed: 'the name of a deployment',
  }),
  REALTIME_SERVICE: setting(z.enum(['azure-voice-live', 'azure-openai']).optional(), {
    about: 'Which speech-to-speech service is used where both are set up.',
    allowed: 'azure-voice-live or azure-openai',
  }),
  REALTIME_TRANSCRIPTION_MODEL: setting(kinds.text.optional(), {
    about:
      'The model that writes down for a speech-to-speech service what callers say, where an agent names none. Azure OpenAI Realtime needs one; Voice Live takes Azure Speech without it.',
    allowed: 'the name of a transcription model that the service has',
  }),
  AZURE_VOICE_LIVE_ENDPOINT: setting(kinds.httpUrl.optional(), {
    about: 'The resource of Azure Voice Live, for agents on a speech-to-speech model.',
    allowed: 'an http(s) address, such as https://<resource>.services.ai.azure.com',
  }),
  AZURE_VOICE_LIVE_MODEL: setting(kinds.text.optional(), {
    about: 'The model that Voice Live speaks with. No default: models are retired.',
    allowed: 'the name of a model, or with AZURE_VOICE_LIVE_PROFILE of a deployment',
  }),
  AZURE_VOICE_LIVE_PROFILE: setting(
    z
      .enum(['byom-azure-openai-realtime', 'byom-azure-openai-chat-completion', 'byom-foundry-anthropic-messages'])
      .optional(),
    {
      about: 'Where AZURE_VOICE_LIVE_MODEL is a deployment of your own: of which kind.',
      allowed: 'byom-azure-openai-realtime, byom-azure-openai-chat-completion or byom-foundry-anthropic-messages',
    },
  ),
  AZURE_VOICE_LIVE_AGENT_NAME: setting(kinds.text.optional(), {
    about: 'The agent of Foundry that answers in place of a model; prompt and tools are then its own.',
    allowed: 'the name of an agent; AZURE_VOICE_LIVE_AGENT_PROJECT goes with it',
  }),
  AZURE_VOICE_LIVE_AGENT_PROJECT: setting(kinds.text.optional(), {
    about: 'The project of Foundry that has AZURE_VOICE_LIVE_AGENT_NAME.',
    allowed: 'the name of a project',
  }),
  AZURE_VOICE_LIVE_API_KEY: setting(kinds.text.optional(), {
    about: 'The key of the Voice Live resource. Without it the identity of the process is used (Entra).',
    allowed:
      'the key that the portal shows for it; none where AZURE_VOICE_LIVE_ENDPOINT is https:// or of this machine',
    secret: true,
  }),
  AZURE_VOICE_LIVE_API_VERSION: setting(
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}(-preview)?$/)
      .default('2026-07-15'),
    {
      about: 'The version of Voice Live that is spoken. Parley was written for the default.',
      allowed: 'a version, such as 2026-07-15',
    },
  ),
  AZURE_OPENAI_REALTIME_BASE_URL: setting(kinds.httpUrl.optional(), {
    about: 'The v1 address of the resource with the realtime model. AZURE_OPENAI_BASE_URL, when not set.',
    allowed: 'an http(s) address, such as https://<resource>.openai.azure.com/openai/v1',
  }),
  AZURE_OPENAI_REALTIME_DEPLOYMENT: setting(kinds.text.optional(), {
    about: 'The realtime deployment, for agents on a speech-to-speech model without Voice Live.',
    allowed: 'the name of a realtime deployment',
  }),
  AZURE_OPENAI_REALTIME_API_KEY: setting(kinds.text.optional(), {
    about:
      'The key of that resource. Not set: AZURE_OPENAI_API_KEY where AZURE_OPENAI_REALTIME_BASE_URL is not set either, else the identity of the process.',
    allowed:
      'the key that the portal shows for the realtime resource; none where its address is https:// or of this machine',
    secret: true,
  }),
  WATCH_AGENTS: setting(kinds.flag.default(false), {
    about: 'Reads agents and tools again when their files change. For development: `npm start` sets it.',
    allowed: 'true or false',
  }),
  MAX_SESSIONS: setting(kinds.count(1, 10_000).default(100), {
    about: 'How many sessions one stream host takes.',
    allowed: '1 to 10000',
  }),
  MAX_BROWSER_SESSIONS: setting(kinds.count(1, 10_000).optional(), {
    about: 'How many of these browsers may have, so that they never take a caller’s place. Half, when not set.',
    allowed: '1 to 10000',
    sample: '50',
  }),
  MAX_CLIENT_SESSIONS: setting(kinds.count(1, 10_000).default(20), {
    about:
      'Sessions that one client may have at a time by a browser’s socket. A client is an address, or an IPv6 /64 network.',
    allowed: '1 to 10000',
  }),
  MAX_CLIENT_OPENS_PER_MINUTE: setting(kinds.count(1, 100_000).default(30), {
    about: 'Sessions that one client may open, or come back to, in a minute.',
    allowed: '1 to 100000',
  }),
  TRUSTED_PROXY_HOPS: setting(kinds.count(0, 10).default(0), {
    about:
      'How many proxies of ours stand before the stream host, each of which adds the address that it sees to `x-forwarded-for`: 1 in Azure Container Apps. With 0 the header is not believed, and all clients of a proxy are one.',
    allowed: '0 to 10',
  }),
  TRANSCRIPTION_WEBHOOK_URL: setting(kinds.webhookUrl.optional(), {
    about:
      'Where finished words of calls that are only written down are delivered, signed with TRANSCRIPTION_WEBHOOK_SECRET, which it requires. docs/transcription.md tells what comes there.',
    allowed: 'an http(s) address without a user name or a password',
    // Its query may be a key.
    secret: true,
  }),
  TRANSCRIPTION_WEBHOOK_SECRET: setting(z.string().min(16).optional(), {
    about:
      'What those deliveries are signed with, as Standard Webhooks does it. TRANSCRIPTION_WEBHOOK_URL requires it.',
    allowed:
      'at least 16 characters, `whsec_` and base64 behind it or any other text, where TRANSCRIPTION_WEBHOOK_URL is set',
    secret: true,
  }),
  RECORDING_CONTAINER_URL: setting(kinds.httpUrl.optional(), {
    about:
      'The container of Azure Storage to which ACS writes recordings of calls, by its own identity. Without it ACS keeps each for a day.',
    allowed: 'an http(s) address, such as https://<account>.blob.core.windows.net/<container>',
  }),
  RECORDING_CHANNELS: setting(z.enum(['mixed', 'unmixed']).default('mixed'), {
    about: 'Whether a recording has everybody on one channel, or each participant on his own.',
    allowed: 'mixed or unmixed',
  }),
  RECORDING_NOTICE_URL: setting(kinds.httpUrl.optional(), {
    about:
      'A WAV file of one channel and 16 kHz that ACS plays to everybody in a call before it is recorded. Without it the agent says its own notice (`recording.notice`).',
    allowed: 'an http(s) address that ACS can reach',
  }),
  FUNCTIONS_URL: setting(kinds.httpUrl.optional(), {
    about:
      'Where the stream host hands the routes of the functions on to, so that its port has the whole API. `npm start` sets it; in Azure leave it out, or each request needs its function key all the same.',
    allowed: 'an http(s) address',
    sample: 'http://127.0.0.1:7071',
  }),
  ALLOWED_ORIGINS: setting(kinds.origins.default([]), {
    about:
      'Sites beside STREAM_HOST_PUBLIC_URL whose pages may open sockets and read answers of the API (CORS). Where the emulator runs, every page of this machine may.',
    allowed: 'origins without a path, separated by commas, such as https://a.example,https://b.example:8443',
  }),
  REQUIRE_TICKETS: setting(kinds.flag.optional(), {
    about:
      'Whether each socket of a browser or a dashboard must bring a ticket, or come from somebody who has signed in. When not set: yes, unless the emulator runs (EMULATOR_URL) and the stream host listens on this machine alone (STREAM_HOST_BIND); there programs and pages of this machine need none.',
    allowed: 'true; or false, where EMULATOR_URL is set and STREAM_HOST_BIND is 127.0.0.1, ::1 or localhost',
    sample: 'false',
  }),
  SIGN_IN: setting(z.enum(['none', 'container-apps']).default('none'), {
    about:
      'Whose sign-in is believed on the stream host. container-apps: that of Azure Container Apps, by its header x-ms-client-principal; set it only where that is switched on, as it takes the header from everybody else.',
    allowed: 'none or container-apps',
  }),
  ACS_MESSAGE_MS: setting(kinds.milliseconds(20, 1000).default(400), {
    about:
      'The longest message of audio to ACS. Playout makes none longer than 400 ms; 20 where a line wants single frames.',
    allowed: '20 to 1000 milliseconds',
  }),
  DRAIN_LIMIT_SECONDS: setting(kinds.count(0, 3600).optional(), {
    about:
      'How long calls may go on once the stream host is asked to end, while nobody new is let in; 20 where nothing is said. In the last twenty of them each that is left is handed over to another host in a pause of its talk. The platform must grant ten seconds more than this (Container Apps: 30 s unless `terminationGracePeriodSeconds` says more). With 0 calls are cut at once.',
    allowed: '0 to 3600 seconds',
    sample: '20',
  }),
  DRAIN_MS: setting(kinds.milliseconds(0, 3_600_000).optional(), {
    about: 'The same in milliseconds, by its older name. Set one of the two.',
    allowed: '0 to 3600000 milliseconds, and nothing beside DRAIN_LIMIT_SECONDS',
  }),
  ...telemetrySettings,
  EMULATOR_URL: setting(kinds.httpUrl.optional(), {
    about: 'Set where the emulator runs: the page offers its phone line.',
    allowed: 'an http(s) address',
    sample: 'http://127.0.0.1:8090',
  }),
};

export const streamHostSettings = z.object({ ...sharedSettings, ...streamHostOnly });
export type StreamHostSettings = Readonly<z.output<typeof streamHostSettings>>;

/** Whoever is called by a webhook could not tell us from anybody without its secret. */
const webhookHasSecret = (settings: Partial<StreamHostSettings>): boolean =>
  !settings.TRANSCRIPTION_WEBHOOK_URL || settings.TRANSCRIPTION_WEBHOOK_SECRET !== undefined;

/** What is a comfort where nobody else can reach the port would be an open door elsewhere. */
const comfortHasItsPlace = (settings: StreamHostSettings): boolean =>
  settings.REQUIRE_TICKETS !== false || servesThisMachineAlone(settings);

/** One of them would have no effect. */
const drainsByOne = (settings: Partial<StreamHostSettings>): boolean =>
  settings.DRAIN_MS === undefined || settings.DRAIN_LIMIT_SECONDS === undefined;

const USUAL_DRAIN_MS = 20_000;

/** How long calls may go on once a stream host is asked to end, ms. */
export const drainMsOf = ({ DRAIN_LIMIT_SECONDS: limitS, DRAIN_MS: ms }: Partial<StreamHostSettings>): number =>
  limitS !== undefined ? limitS * 1000 : (ms ?? USUAL_DRAIN_MS);

const checkedSettings = withCredentialChecks(streamHostSettings)
  .refine(drainsByOne, toldOf('DRAIN_MS'))
  .refine(webhookHasSecret, toldOf('TRANSCRIPTION_WEBHOOK_SECRET'))
  .refine(doorsHaveTenant, toldOf('API_TENANT_ID'))
  .refine(apiHasAudience, toldOf('API_AUDIENCE'))
  .refine(comfortHasItsPlace, toldOf('REQUIRE_TICKETS'));

/** @throws {ConfigError} that names each bad variable, what it was given and what is allowed */
export const readStreamHostSettings = (env: Environment): StreamHostSettings => readSettings(checkedSettings, env);
