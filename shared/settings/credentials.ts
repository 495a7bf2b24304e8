import { z } from 'zod';
import { kinds, setting } from './setting.ts';

/** How both halves show who they are, each key being optional: a key that is not set means the identity of the process. */
export const credentialSettings = {
  AZURE_CLIENT_ID: setting(kinds.text.optional(), {
    about:
      'The client id of the managed identity that the process runs under, where it is a user-assigned one. It stands in for every key that is not set.',
    allowed: 'the client id that the portal shows for the identity',
    sample: '',
  }),
  ACS_CONNECTION_STRING: setting(
    z
      .string()
      .regex(/^endpoint=.+;accesskey=.+$/i)
      .optional(),
    {
      about: 'The ACS resource, with its access key.',
      allowed: 'endpoint=https://…;accesskey=…, where ACS_ENDPOINT is not set',
      sample: 'endpoint=http://127.0.0.1:8090/;accesskey=<base64, as EMULATOR_ACCESS_KEY>',
      secret: true,
    },
  ),
  ACS_ENDPOINT: setting(
    z
      .url({ protocol: /^https$/ })
      .refine(isOrigin)
      .optional(),
    {
      about: 'The ACS resource, which knows the identity of the process. In place of ACS_CONNECTION_STRING.',
      allowed: 'https://<resource>.communication.azure.com, where ACS_CONNECTION_STRING is not set',
      sample: '',
    },
  ),
  REDIS_IDENTITY: setting(kinds.flag.default(false), {
    about: 'Whether the Redis of REDIS_URL knows the identity of the process (Entra), as Azure Managed Redis does.',
    allowed: 'true or false; true where REDIS_URL is rediss:// or of this machine and has no user and no password',
  }),
};

type Values = Readonly<Record<string, unknown>>;

/** Addresses to which a token goes where their key is not set. */
const KEYS_OF_ADDRESSES = {
  SPEECH_HOST: 'SPEECH_KEY',
  SPEECH_FALLBACK_HOST: 'SPEECH_FALLBACK_KEY',
  AZURE_OPENAI_BASE_URL: 'AZURE_OPENAI_API_KEY',
  AZURE_OPENAI_FALLBACK_BASE_URL: 'AZURE_OPENAI_FALLBACK_API_KEY',
  AZURE_VOICE_LIVE_ENDPOINT: 'AZURE_VOICE_LIVE_API_KEY',
  AZURE_OPENAI_REALTIME_BASE_URL: 'AZURE_OPENAI_REALTIME_API_KEY',
} as const;

/** Adds what no single setting can tell: which of them go together. All that is wrong is told at once. */
export function withCredentialChecks<Schema extends z.ZodObject>(schema: Schema): Schema {
  const rules: readonly (readonly [name: string, holds: (values: Values) => boolean])[] = [
    ['ACS_CONNECTION_STRING', (values) => isSet(values.ACS_CONNECTION_STRING) || isSet(values.ACS_ENDPOINT)],
    ['ACS_ENDPOINT', (values) => !isSet(values.ACS_CONNECTION_STRING) || !isSet(values.ACS_ENDPOINT)],
    ['REDIS_IDENTITY', (values) => values.REDIS_IDENTITY !== true || takesTokens(values.REDIS_URL, 'rediss:')],
    ...Object.entries(KEYS_OF_ADDRESSES).map(
      ([address, key]) => [key, (values: Values) => isSet(values[key]) || takesTokens(values[address])] as const,
    ),
  ];
  return rules.reduce(
    (checked, [name, holds]) => checked.refine(holds, { path: [name], when: () => true }) as Schema,
    schema,
  );
}

const isSet = (value: unknown): boolean => typeof value === 'string' && value !== '';

function isOrigin(url: string): boolean {
  const { pathname, search, hash } = new URL(url);
  return pathname === '/' && search === '' && hash === '';
}

/** A token of ours goes over TLS only, or to this machine. What is no address is told elsewhere. */
function takesTokens(address: unknown, ...wanted: readonly string[]): boolean {
  if (typeof address !== 'string' || !URL.canParse(address)) return true;
  const { protocol, hostname, username, password } = new URL(address);
  const isSafe = [...wanted, 'https:', 'wss:'].includes(protocol);
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  return username === '' && password === '' && (isSafe || isHere);
}
