import { z } from 'zod';
import { DEFAULT_MODE, STREAMING_MODES, streamingMode } from '../modes/streaming-modes.ts';
import { credentialSettings } from './credentials.ts';
import { doorSettings } from './door-settings.ts';
import { kinds, setting } from './setting.ts';

/** A language as Azure Speech names it: with a region, and a script where it has several. */
const language = /^[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|\d{3})$/;

/** What both halves need. */
export const sharedSettings = {
  LOG_LEVEL: setting(z.enum(['debug', 'info', 'warn', 'error']).default('info'), {
    about: 'How much goes into the log.',
    allowed: 'debug, info, warn or error',
  }),
  FUNCTIONS_PUBLIC_URL: setting(kinds.httpUrl, {
    about: 'Where ACS reaches the functions, for callbacks.',
    allowed: 'an http(s) address',
    sample: 'http://127.0.0.1:7071',
  }),
  STREAM_HOST_PUBLIC_URL: setting(kinds.socketUrl, {
    about: 'Where ACS and browsers reach the stream host’s sockets.',
    allowed: 'a ws or wss address',
    sample: 'ws://127.0.0.1:8080',
  }),
  REDIS_URL: setting(z.url({ protocol: /^rediss?$/ }), {
    about: 'The Redis that both halves share.',
    allowed: 'redis://host:6379 or rediss://:password@host:6380',
    sample: 'redis://127.0.0.1:6379',
    secret: true,
  }),
  SESSION_TTL_SECONDS: setting(kinds.count(60, 604_800).default(86_400), {
    about: 'How long a session stays in Redis after its last change.',
    allowed: '60 to 604800 seconds',
  }),
  ...credentialSettings,
  ACS_RESOURCE_ID: setting(kinds.text, {
    about: 'The immutable id of the ACS resource: the audience of the tokens that ACS sends.',
    allowed: 'the id that the portal shows',
    sample: '<immutable resource id, as EMULATOR_RESOURCE_ID>',
  }),
  ACS_STREAMING_MODE: setting(streamingMode.default(DEFAULT_MODE), {
    about:
      'What is done with the audio of a call or a browser, where neither its agent nor whoever opens it says another mode. docs/modes.md tells which to choose.',
    allowed: `${STREAMING_MODES.join(', ')}, in any case; realtime is the predecessor’s name for media`,
  }),
  SPEECH_LANGUAGE: setting(z.string().regex(language).default('en-US'), {
    about: 'What callers speak where their agent does not say.',
    allowed: 'a language with its region, such as en-US, es-419 or zh-Hans-CN',
  }),
  TRANSCRIPTION_SOURCE: setting(z.enum(['recogniser', 'acs']).default('recogniser'), {
    about:
      'Who hears phone calls that are only written down: our recogniser, which hears each participant apart, or ACS itself, which sends its words (AZURE_SPEECH_ENDPOINT must be set then).',
    allowed: 'recogniser or acs',
  }),
  ACS_TOKEN_ISSUER: setting(z.url().default('https://acscallautomation.communication.azure.com'), {
    about: 'Who signs the tokens of ACS.',
    allowed: 'an address',
  }),
  ACS_JWKS_URL: setting(
    z.url({ protocol: /^https?$/ }).default('https://acscallautomation.communication.azure.com/calling/keys'),
    {
      about: 'Where the signing keys of those tokens are published.',
      allowed: 'an http(s) address',
      sample: 'http://127.0.0.1:8090/calling/keys',
    },
  ),
  CALL_RECORDS_URL: setting(kinds.httpUrl.optional(), {
    about:
      'The container of Azure Storage for the records of calls (docs/records.md), which the identity of the process opens and no key. Neither this nor CALL_RECORDS_DIR: no records are kept.',
    allowed: 'an http(s) address, such as https://<account>.blob.core.windows.net/<container>',
  }),
  CALL_RECORDS_DIR: setting(kinds.text.optional(), {
    about:
      'The folder for the records of calls, in place of CALL_RECORDS_URL: of this machine, or a disk that all processes share. `npm start` sets it.',
    allowed: 'the path of a folder',
  }),
  AGENTS_FOLDER: setting(kinds.text.default('agents'), {
    about: 'The folder of agent definitions, and of numbers.yaml.',
    allowed: 'the path of a folder',
  }),
  DEFAULT_AGENT: setting(kinds.text.default('orders'), {
    about: 'The agent that answers when nothing else is asked for.',
    allowed: 'the name of an agent in AGENTS_FOLDER',
  }),
  MAX_CALL_MS: setting(kinds.milliseconds(10_000, 86_400_000).default(3_600_000), {
    about:
      'How long a conversation may last. A call that is placed counts with its price for so long until it is over.',
    allowed: '10000 to 86400000 milliseconds',
  }),
  ...doorSettings,
};
export type SharedSettings = Readonly<z.output<z.ZodObject<typeof sharedSettings>>>;
