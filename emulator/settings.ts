import { z } from 'zod';
import { ConfigError } from '../shared/errors.ts';

/** The emulator's settings, by the names of their environment variables. `npm start` sets those that have no default. */
const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const httpUrl = z.url({ protocol: /^https?$/ });

const settings = z.object({
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** The address to listen on: this machine only, unless told otherwise. */
  EMULATOR_HOST: z.string().min(1).default('127.0.0.1'),
  EMULATOR_PORT: port.default(8090),
  EMULATOR_TLS_PORT: port.default(8443),
  /** Where the certificate authority and the signing key of the tokens are kept. */
  EMULATOR_CA_FOLDER: z.string().min(1).default('.parley'),

  /** The access key of the emulated ACS resource, and its immutable id. */
  EMULATOR_ACCESS_KEY: z.base64('the base64 key of the ACS connection string').min(1),
  EMULATOR_RESOURCE_ID: z.string().min(1),
  EMULATOR_TOKEN_ISSUER: z.url().default('https://acscallautomation.communication.azure.com'),
  EMULATOR_SPEECH_KEY: z.string().min(1),
  EMULATOR_OPENAI_KEY: z.string().min(1),

  /** The functions' `/api/v1/calls/answer`. */
  EVENT_GRID_WEBHOOK_URL: httpUrl,
  EVENT_GRID_SCHEMA: z.enum(['EventGridSchema', 'CloudEventSchemaV1_0']).default('EventGridSchema'),
  /** How long a phone rings, and how long a caller waits for the application. */
  EMULATOR_RING_TIMEOUT_MS: milliseconds(100, 600_000).default(30_000),
  /** How long a callback is tried while the functions do not take it. */
  EMULATOR_CALLBACK_TIMEOUT_MS: milliseconds(1_000, 600_000).default(60_000),

  /** The recognition model: `base` hears better and takes about twice the time. */
  SPEECH_MODEL: z.enum(['tiny', 'base']).default('tiny'),
  /** Threads that recognise, each with its own copy of the model (some 150 MB): 1, or 2 with more than two cores. */
  SPEECH_WORKERS: z.coerce.number().int().min(1).max(16).optional(),

  /** An OpenAI-compatible server, such as `http://127.0.0.1:11434/v1`. Without one, a scripted dialogue answers. */
  OPENAI_BASE_URL: httpUrl.optional(),
  OPENAI_MODEL: z.string().min(1).optional(),
  OPENAI_API_KEY: z.string().min(1).optional(),
});

export type EmulatorSettings = Readonly<z.output<typeof settings>>;

/** @throws {ConfigError} that names each bad variable and what is allowed, never what a secret was */
export function loadSettings(env: Readonly<Record<string, string | undefined>>): EmulatorSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = settings.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      return `  ${name} ${given[name] === undefined ? 'is not set' : 'is not usable'}: ${message}`;
    });
    throw new ConfigError(`The emulator cannot start with these settings:\n${lines.join('\n')}`);
  }
  if (result.data.OPENAI_BASE_URL !== undefined && result.data.OPENAI_MODEL === undefined) {
    throw new ConfigError('OPENAI_BASE_URL is set and OPENAI_MODEL is not: name the model that the server should use.');
  }
  return Object.freeze(result.data);
}
