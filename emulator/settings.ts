import { z } from 'zod';
import { ConfigError } from '../shared/errors.ts';
import { type Environment, kinds, readSettings, setting } from '../shared/settings/setting.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** The tenant of the emulated Entra. */
export const EMULATED_TENANT = '11111111-1111-1111-1111-111111111111';

/** The emulator's settings, by the names of their environment variables. `npm start` sets those that have no default. */
export const emulatorSettings = z.object({
  LOG_LEVEL: setting(z.enum(['debug', 'info', 'warn', 'error']).default('info'), {
    about: 'How much goes into the log.',
    allowed: 'debug, info, warn or error',
  }),
  EMULATOR_HOST: setting(kinds.text.default('127.0.0.1'), {
    about: 'The address to listen on: this machine only, unless told otherwise.',
    allowed: 'an address of this machine',
  }),
  EMULATOR_PORT: setting(port.default(8090), {
    about: 'The port of all emulated services.',
    allowed: 'a port, or 0 for any free one',
  }),
  EMULATOR_TLS_PORT: setting(port.default(8443), {
    about: 'The same services over TLS.',
    allowed: 'a port, or 0 for any free one',
  }),
  EMULATOR_CA_FOLDER: setting(kinds.text.default('.parley'), {
    about: 'Where the certificate and the signing key of the tokens are kept.',
    allowed: 'the path of a folder',
  }),
  EMULATOR_ACCESS_KEY: setting(z.base64().min(1).optional(), {
    about: 'The access key of the emulated ACS resource. Without it only tokens are taken.',
    allowed: 'the base64 key of the ACS connection string',
    secret: true,
  }),
  EMULATOR_RESOURCE_ID: setting(kinds.text, {
    about: 'The immutable id of the emulated ACS resource.',
    allowed: 'any text',
  }),
  EMULATOR_TOKEN_ISSUER: setting(z.url().default('https://acscallautomation.communication.azure.com'), {
    about: 'Whom the emulated tokens name as their issuer.',
    allowed: 'an address',
  }),
  EMULATOR_SPEECH_KEY: setting(kinds.text.optional(), {
    about: 'The key that the emulated Speech service asks for. Without it only tokens are taken.',
    allowed: 'any text',
    secret: true,
  }),
  EMULATOR_OPENAI_KEY: setting(kinds.text.optional(), {
    about: 'The key that the emulated model asks for. Without it only tokens are taken.',
    allowed: 'any text',
    secret: true,
  }),
  IDENTITY_HEADER: setting(kinds.text.optional(), {
    about:
      'What programs show that ask the emulated endpoint for tokens of their identity, as on App Service; IDENTITY_ENDPOINT tells them where it is. Without it there is no such endpoint. `npm start -- --identity` sets both.',
    allowed: 'any text',
    secret: true,
  }),
  EMULATOR_IDENTITY_TOKEN_SECONDS: setting(kinds.count(1, 86_400).default(60), {
    about: 'How long its tokens are good. Those of Azure are for 24 hours; short ones show that renewing works.',
    allowed: '1 to 86400 seconds',
  }),
  EMULATOR_REDIS_URL: setting(kinds.text.regex(/^redis:\/\/[^@]+$/).optional(), {
    about:
      'A Redis to put Azure Managed Redis’s door before, which takes tokens only and cuts connections whose token has run out. Without it there is no such door.',
    allowed: 'redis://host:port, without a password',
  }),
  EMULATOR_REDIS_PORT: setting(port.default(10_000), {
    about: 'The port of that door, which speaks TLS.',
    allowed: 'a port, or 0 for any free one',
  }),
  EVENT_GRID_WEBHOOK_URL: setting(z.url({ protocol: /^https?$/ }), {
    about: 'Where ringing calls are delivered: `/api/v1/calls/answer` of the functions.',
    allowed: 'an http(s) address',
  }),
  EVENT_GRID_SCHEMA: setting(z.enum(['EventGridSchema', 'CloudEventSchemaV1_0']).default('EventGridSchema'), {
    about: 'The schema of those deliveries.',
    allowed: 'EventGridSchema or CloudEventSchemaV1_0',
  }),
  EMULATOR_API_AUDIENCE: setting(kinds.text.default('api://parley'), {
    about: 'For which application programs of this machine get tokens of the emulated Entra, to use the API with.',
    allowed: 'a client id or a URI, as API_AUDIENCE',
  }),
  EMULATOR_EVENT_GRID_AUDIENCE: setting(kinds.text.optional(), {
    about: 'For which application deliveries bring a token of the emulated Entra. None set: they bring none.',
    allowed: 'a client id or a URI, as EVENT_GRID_AUDIENCE',
  }),
  EMULATOR_RING_TIMEOUT_MS: setting(kinds.milliseconds(100, 600_000).default(30_000), {
    about: 'How long a phone rings, and how long a caller waits for the application.',
    allowed: '100 to 600000 milliseconds',
  }),
  EMULATOR_CALLBACK_TIMEOUT_MS: setting(kinds.milliseconds(1_000, 600_000).default(60_000), {
    about: 'How long a callback is tried while the functions do not take it.',
    allowed: '1000 to 600000 milliseconds',
  }),
  SPEECH_MODEL: setting(z.enum(['tiny', 'base', 'by-heart']).default('tiny'), {
    about:
      'The recognition model: `base` hears better and takes twice the time; `tiny` leaves single words to it; `by-heart` is none: phones and callers of the emulator are understood by the sound of what they say, nobody else is, for tests of calls on a busy machine.',
    allowed: 'tiny, base or by-heart',
  }),
  SPEECH_WORKERS: setting(kinds.count(1, 16).optional(), {
    about:
      'Threads that recognise, each with its own copy of the models (some 250 MB): 1, or 2 with more than two cores, when not set.',
    allowed: '1 to 16',
  }),
  OPENAI_BASE_URL: setting(z.url({ protocol: /^https?$/ }).optional(), {
    about: 'An OpenAI-compatible server. Without one, a scripted dialogue answers.',
    allowed: 'an http(s) address, such as http://127.0.0.1:11434/v1',
  }),
  OPENAI_MODEL: setting(kinds.text.optional(), {
    about: 'The model that this server should use.',
    allowed: 'the name of a model',
  }),
  OPENAI_API_KEY: setting(kinds.text.optional(), {
    about: 'The key that this server asks for.',
    allowed: 'any text',
    secret: true,
  }),
});

export type EmulatorSettings = Readonly<z.output<typeof emulatorSettings>>;

/** @throws {ConfigError} that names each bad variable, what it was given and what is allowed; never what a secret was */
export function loadSettings(env: Environment): EmulatorSettings {
  const settings = readSettings(emulatorSettings, env);
  if (settings.OPENAI_BASE_URL !== undefined && settings.OPENAI_MODEL === undefined) {
    throw new ConfigError('OPENAI_BASE_URL is set and OPENAI_MODEL is not: name the model that the server should use.');
  }
  return settings;
}
