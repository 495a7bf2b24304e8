import { z } from 'zod';
import { ConfigError } from './errors.ts';

/**
 * Every setting of Parley, read once at the start of a process and handed on as plain values. Names are those of the
 * environment variables; `local.settings.sample.json` lists them with what they are for.
 */
const port = z.coerce.number().int().min(1).max(65_535);
const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
const origins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .refine(
    (list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    'origins without a path, separated by commas, such as https://a.example,https://b.example:8443',
  );
const socketUrl = z.url({ protocol: /^wss?$/ }).transform((url) => url.replace(/\/+$/, ''));

export const settings = z.object({
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Writes what was said into the log. Off, because it is private. */
  LOG_TRANSCRIPTS: flag.default(false),

  FUNCTIONS_PORT: port.default(7071),
  STREAM_HOST_PORT: port.default(8080),
  /** The address that the stream host listens on. A container wants all; `npm start` wants this machine only. */
  STREAM_HOST_BIND: z.string().min(1).default('0.0.0.0'),

  /** Where ACS reaches the functions, for callbacks. */
  FUNCTIONS_PUBLIC_URL: httpUrl,
  /** Where ACS and browsers reach the stream host's sockets. */
  STREAM_HOST_PUBLIC_URL: socketUrl,
  /** Where the stream host answers plain HTTP: readiness asks it. */
  STREAM_HOST_URL: httpUrl,

  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  /** How long a session stays in Redis after its last change. */
  SESSION_TTL_SECONDS: z.coerce.number().int().min(60).max(604_800).default(86_400),

  ACS_CONNECTION_STRING: z.string().regex(/^endpoint=.+;accesskey=.+$/i, 'endpoint=https://…;accesskey=…'),
  /** The immutable resource id: the audience of the tokens that ACS sends. */
  ACS_RESOURCE_ID: z.string().min(1),
  ACS_TOKEN_ISSUER: z.url().default('https://acscallautomation.communication.azure.com'),
  ACS_JWKS_URL: z.url().default('https://acscallautomation.communication.azure.com/calling/keys'),
  /** The number that outbound calls show, in E.164. */
  ACS_SOURCE_NUMBER: z
    .string()
    .regex(/^\+[1-9]\d{1,14}$/, 'E.164, such as +15551230000')
    .optional(),

  /** A Speech endpoint without a path (`wss://<resource>.cognitiveservices.azure.com`). */
  SPEECH_HOST: socketUrl,
  SPEECH_KEY: z.string().min(1),
  SPEECH_LANGUAGE: z
    .string()
    .regex(/^[a-z]{2,3}-[A-Z]{2}$/, 'such as en-US')
    .default('en-US'),
  /** An ONNX file of Smart Turn v3, which judges by the sound whether a caller has finished. */
  SMART_TURN_MODEL: z.string().min(1).optional(),
  /** What runs the voice-activity model: the native runtime where the platform has it, or WASM. */
  VOICE_ACTIVITY_RUNTIME: z.enum(['auto', 'native', 'wasm']).default('auto'),

  /** The resource's v1 address (`https://<resource>.openai.azure.com/openai/v1`). */
  AZURE_OPENAI_BASE_URL: httpUrl,
  AZURE_OPENAI_API_KEY: z.string().min(1),
  AZURE_OPENAI_DEPLOYMENT: z.string().min(1),

  /** The folder of agent definitions, and the one that answers when nothing else is asked for. */
  AGENTS_FOLDER: z.string().default('agents'),
  DEFAULT_AGENT: z.string().default('orders'),

  MAX_SESSIONS: z.coerce.number().int().min(1).max(10_000).default(100),
  /**
   * How long calls may go on once the stream host is asked to end, while nobody new is let in; then they are cut and go
   * on at another host. The platform must grant ten seconds more than this (Container Apps: 30 s unless
   * `terminationGracePeriodSeconds` says more).
   */
  DRAIN_MS: milliseconds(0, 3_600_000).default(20_000),
  /** How many of these browsers may have, so that they never take a caller's place. Half, when not set. */
  MAX_BROWSER_SESSIONS: z.coerce.number().int().min(1).max(10_000).optional(),
  /** Sessions that one client may have at a time by a browser's socket. A client is an address, or an IPv6 /64 network. */
  MAX_CLIENT_SESSIONS: z.coerce.number().int().min(1).max(10_000).default(20),
  /** Sessions that one client may open, or come back to, in a minute. */
  MAX_CLIENT_OPENS_PER_MINUTE: z.coerce.number().int().min(1).max(100_000).default(30),
  /**
   * How many proxies of ours stand before the stream host, each of which adds the address that it sees to
   * `x-forwarded-for`: 1 in Azure Container Apps. With 0 the header is not believed, and all clients of a proxy are one.
   */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  /** Sites beside STREAM_HOST_PUBLIC_URL whose pages may open a conversation: `https://a.example,https://b.example`. */
  ALLOWED_ORIGINS: origins.default([]),
  /** The longest message of audio to ACS. Playout makes none longer than 400 ms; 20 where a line wants single frames. */
  ACS_MESSAGE_MS: milliseconds(20, 1000).default(400),
  MAX_CALL_MS: milliseconds(10_000, 86_400_000).default(3_600_000),

  /** Set where the emulator runs: the page offers its phone line, and sockets need no ticket. */
  EMULATOR_URL: httpUrl.optional(),
});

export type Config = Readonly<z.infer<typeof settings>>;

/**
 * Reads and checks the settings.
 * @throws {ConfigError} that names each bad variable, what it was given and what is allowed
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = settings.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  throw new ConfigError(describeIssues(result.error, given));
}

const SECRET = /KEY|SECRET|TOKEN$|CONNECTION_STRING|REDIS_URL/;

/** One line a bad variable. Secrets are named, never shown. */
export function describeIssues(error: z.ZodError, given: Readonly<Record<string, string | undefined>>): string {
  const lines = error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const value = given[name];
    const shown = value === undefined ? 'is not set' : SECRET.test(name) ? 'was given, hidden here' : `is "${value}"`;
    return `  ${name} ${shown}: ${issue.message}`;
  });
  return `These settings need to be mended before Parley can start:\n${lines.join('\n')}`;
}
