import { z } from 'zod';
import { END_REASONS } from '../../calls/end-reasons.ts';
import { answeredBy, voicemailPolicy } from '../../calls/voicemail-policy.ts';
import { callerId } from '../../carrier/party-id.ts';
import { GATE_ERRORS } from '../../error-codes/outbound.ts';
import type { ErrorCode } from '../../error-codes.ts';
import { askedMode, DEFAULT_MODE, streamingMode } from '../../modes/streaming-modes.ts';
import { defineRoute } from '../route.ts';
import { agentName } from './agents.ts';
import { listedNumber } from './listed-number.ts';

/** What any route may answer that asks Redis. */
export const REDIS_ERRORS = [
  'redis.unavailable',
  'redis.refused',
  'redis.foreign-key',
] as const satisfies readonly ErrorCode[];

/** What any route may answer that reads a session. */
export const STORE_ERRORS = [...REDIS_ERRORS, 'session.damaged'] as const satisfies readonly ErrorCode[];

/** What any route may answer that asks something of ACS. */
export const ACS_ERRORS = [
  'acs.denied',
  'acs.refused',
  'acs.unavailable',
  'acs.unreachable',
] as const satisfies readonly ErrorCode[];

export const phoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{1,14}$/, 'must be a number in E.164, such as +15551230000')
  .meta({ example: '+15551230000' });

/** For the reference. */
export const CALL_ID = '411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11';
export const SESSION_ID = '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e';
const AT = '2026-05-29T09:30:00.000Z';

/** The model reads it with every turn. */
const MAX_CONTEXT_LENGTH = 8_192;

/** `Idempotency-Key`. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable characters');

/** A route that takes nothing of its query says so, and refuses what is sent there. */
export const nothing = z.strictObject({});

export const initiateCall = defineRoute({
  name: 'calls-initiate',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/initiate',
  access: 'api',
  summary: 'Places a call',
  description:
    'With an Idempotency-Key, a repeated request gets the first one’s answer and places no second call. A field that is not known is refused by its name; `null` is as good as leaving a field out.',
  query: nothing,
  headers: z.object({
    'idempotency-key': z
      .string()
      .describe('1 to 200 printable ASCII characters without spaces; kept for a day.')
      .exactOptional(),
  }),
  body: z
    .strictObject({
      target_number: phoneNumber,
      caller_id: callerId
        .describe(
          'The number that the callee sees: one that the ACS resource owns. Or a Teams resource account (`28:orgid:…`), which calls through Teams Phone. Without it, TEAMS_PHONE_RESOURCE_ACCOUNT_ID, or else ACS_SOURCE_NUMBER.',
        )
        .meta({ example: '+15551230001' })
        .nullable()
        .exactOptional(),
      agent: agentName.describe('Who speaks. Without it, DEFAULT_AGENT.').nullable().exactOptional(),
      context: z
        .record(z.string(), z.unknown())
        .refine(
          (value) => JSON.stringify(value).length <= MAX_CONTEXT_LENGTH,
          `may have at most ${MAX_CONTEXT_LENGTH} characters as JSON`,
        )
        .describe(`What the agent should know of the call. At most ${MAX_CONTEXT_LENGTH} characters as JSON.`)
        .nullable()
        .transform((context) => context ?? {})
        .default({}),
      voicemail: voicemailPolicy
        .describe('What is done where no human answers. Without it, what the agent’s definition says.')
        .nullable()
        .exactOptional(),
      streaming_mode: askedMode
        .describe(
          'What is done with the caller’s line. Without it, or with an empty one, the agent’s own mode, or ACS_STREAMING_MODE.',
        )
        .exactOptional(),
      record_call: z
        .boolean()
        .describe(
          'Whether ACS records it from the beginning, after the notice of its agent (`recording.notice`) was heard; refused where the agent has none. Without it, or with false, as its agent says.',
        )
        .nullable()
        .exactOptional(),
    })
    .meta({ id: 'InitiateCall' }),
  answers: {
    200: z
      .object({
        call_id: z.string().describe('The id of the call connection.').meta({ example: CALL_ID }),
        status: z.literal('initiating'),
        target_number: z.string().meta({ example: '+15551230000' }),
        message: z.string().meta({ example: 'Call initiated' }),
        session_id: z.string().meta({ example: SESSION_ID }),
        initiated_at: z.iso.datetime().meta({ example: AT }),
        streaming_mode: streamingMode.default(DEFAULT_MODE),
        recording_enabled: z.boolean().describe('Whether it was asked to be recorded.').default(false),
      })
      .meta({ id: 'InitiatedCall', description: 'The call is being placed.' }),
  },
  errors: [
    ...REDIS_ERRORS,
    'request.idempotency-key',
    'once.input-differs',
    'once.running',
    'calls.no-source-number',
    ...GATE_ERRORS,
    'outbound.number-per-day',
    'agent.unknown',
    'mode.not-configured',
    'recording.no-notice',
    'calls.no-voice',
    'capacity.exhausted',
    ...ACS_ERRORS,
  ],
});

export const callStatus = z.enum(['initiating', 'ringing', 'connected', 'disconnected', 'failed']);

const callFields = {
  call_id: z
    .string()
    .describe('The id of the call connection, or of the session while there is none.')
    .meta({ example: CALL_ID }),
  session_id: z.string().meta({ example: SESSION_ID }),
  status: callStatus,
  duration: z
    .int()
    .nullable()
    .describe('Seconds since it was connected, until it ended; null if it never was.')
    .meta({ example: 42 }),
  participants: z.array(
    z.object({ role: z.enum(['caller', 'callee']), id: z.string().meta({ example: '+15551230000' }).optional() }),
  ),
  events: z
    .array(
      z.object({
        id: z.string().meta({ example: '1780000000000-0' }),
        at: z.string().nullable().meta({ example: AT }),
        type: z.string().meta({ example: 'media.connected' }),
        source: z.enum(['functions', 'stream-host']),
        data: z.record(z.string(), z.unknown()),
      }),
    )
    .describe('What happened, oldest first.'),
  channel: z.enum(['phone', 'browser']),
  direction: z.enum(['inbound', 'outbound']),
  mode: z.string().meta({ example: 'media' }),
  agent: z.string().meta({ example: 'orders' }),
  created_at: z.string().nullable().meta({ example: AT }),
  connected_at: z.string().nullable().meta({ example: AT }),
  ended_at: z.string().nullable().meta({ example: null }),
  end_reason: z
    .string()
    .nullable()
    .describe(
      `Why it is over, or is being ended: ${Object.keys(END_REASONS).join(', ')}; one of the codes of errors, where it never came about; or, of a browser, \`socket-closed-\` and the code of its socket. \`caller-ended\`: ${END_REASONS['caller-ended']}`,
    )
    .meta({ example: null }),
  end_detail: z
    .string()
    .nullable()
    .describe('How the carrier told the end: the name of its event, its codes, and its words.')
    .meta({ example: null }),
  answered_by: answeredBy
    .nullable()
    .describe('Who, or what, has answered a call that we placed; null where that is not known.')
    .meta({ example: null }),
};

/** A number of a query: digits alone, perhaps below zero, and nothing else that can be read as one (`1e1`). */
const digits = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((given) => (typeof given === 'string' && !/^-?\d{1,9}$/.test(given) ? Number.NaN : given), schema);

const moment = z.iso.datetime({ offset: true }).meta({ example: AT });

/** A page by number costs what it leaves out, so they end somewhere. A cursor goes on from where it stands. */
const MAX_PAGE = 50;

export const listCalls = defineRoute({
  name: 'calls-list',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/calls',
  access: 'api',
  summary: 'Lists calls and browser sessions, newest first',
  query: z
    .strictObject({
      limit: digits(z.coerce.number().int().min(1).max(100))
        .describe('How many calls a page has at most. Each comes with its events, so that many may be a large answer.')
        .default(10),
      cursor: z
        .string()
        .min(1)
        .max(200)
        .describe('`cursor` of the page before, with the same filters: goes on behind it. Without it the list begins.')
        .exactOptional(),
      status: callStatus.exactOptional(),
      status_filter: callStatus.describe('The old API’s name for `status`.').exactOptional(),
      agent: agentName.describe('Only of this agent.').exactOptional(),
      number: listedNumber
        .describe(
          'Only of this number, or raw id: who calls or is called. A plus that is not escaped arrives as a space, and is taken for one.',
        )
        .meta({ example: '+15551230000' })
        .exactOptional(),
      from: moment.describe('Only those that were created then or later.').exactOptional(),
      to: moment.describe('Only those that were created then or earlier.').exactOptional(),
      page: digits(z.coerce.number().int().min(1).max(MAX_PAGE, `at most ${MAX_PAGE}; use the cursor to go further`))
        .describe('The old API’s way to go on: costs all that it leaves out. `cursor` goes further, and faster.')
        .default(1),
    })
    .refine(({ status, status_filter: old = status }) => status === undefined || status === old, {
      path: ['status_filter'],
      error: 'is the old name of status, and says something else; send one of the two',
    })
    .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) <= Date.parse(to), {
      path: ['to'],
      error: 'is before from',
    }),
  answers: {
    200: z
      .object({
        calls: z.array(z.object(callFields)),
        page: z.int().meta({ example: 1 }),
        limit: z.int().meta({ example: 10 }),
        cursor: z.string().nullable().describe('Where the next page starts; null on the last one.'),
      })
      .meta({ id: 'CallList', description: 'One page of the list.' }),
  },
  // One that cannot be read is left out.
  errors: [...REDIS_ERRORS, 'calls.cursor-invalid'],
});

export const callId = z.object({
  id: z.string().max(256).describe('The id of the session, or of the call connection.').meta({ example: SESSION_ID }),
});

export const readCall = defineRoute({
  name: 'calls-read',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/calls/{id}',
  access: 'api',
  summary: 'Reads one call, with its timeline and its transcript',
  params: callId,
  query: nothing,
  answers: {
    200: z
      .object({
        ...callFields,
        server_call_id: z.string().nullable(),
        correlation_id: z.string().nullable(),
        operations: z
          .array(
            z.object({
              operation_id: z.string().meta({ example: 'transfer-1' }),
              kind: z.string().meta({ example: 'transfer' }),
              action: z
                .string()
                .describe(
                  'What it does, where the kind does not say all of it: `hold` or `unhold`; `blind` or `warm`; `start`, `pause`, `resume`, `stop` or `notice`: somebody is to be told that he is recorded.',
                )
                .nullable()
                .meta({ example: 'warm' }),
              state: z
                .enum(['asked', 'accepted', 'succeeded', 'failed', 'unknown'])
                .describe('`accepted`: the carrier has taken it. `unknown`: nobody could tell how it ended.'),
              asked_at: z.string().nullable().meta({ example: AT }),
              settled_at: z.string().nullable().meta({ example: AT }),
              result: z
                .object({
                  code: z.number().optional(),
                  subCode: z.number().optional(),
                  message: z.string().optional(),
                  data: z.record(z.string(), z.unknown()).optional(),
                })
                .nullable(),
            }),
          )
          .describe('What was asked of the carrier, such as a transfer, and what became of it.'),
        transcript: z.array(
          z.union([
            z.object({
              role: z.enum(['caller', 'agent']),
              text: z
                .string()
                .describe(
                  'What was said, as far as it was heard: an answer that was cut off ends with its last heard word.',
                )
                .meta({ example: 'Where is order 1042?' }),
              heard: z
                .boolean()
                .describe(
                  'Of the agent: whether all that it had to say was heard. False: it was cut off, and `text` is what was heard of it; the event `agent.said` has the whole as `fullText`.',
                )
                .optional(),
              to: z
                .literal('human')
                .describe(
                  'Whom the agent said it to, where it was not the caller: the human whom he is put through to. He alone heard it.',
                )
                .optional(),
              speaker: z
                .string()
                .describe('Who said it, where the call is only written down: `caller`, `callee`, `participant-3`.')
                .optional(),
            }),
            z.object({
              role: z.literal('tool'),
              tool: z.string(),
              args: z.unknown(),
              result: z.unknown(),
              by: z
                .literal('service')
                .describe(
                  'It is no tool of the agent’s that ran: Parley told the agent what has come of something in the call, such as a transfer.',
                )
                .optional(),
            }),
          ]),
        ),
      })
      .meta({ id: 'Call', description: 'The call.' }),
  },
  errors: [...STORE_ERRORS, 'calls.not-found'],
});

export const transcribeCall = defineRoute({
  name: 'calls-transcribe',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/transcription',
  access: 'api',
  summary: 'Has a call that goes on written down from now on',
  description:
    'Whoever answered in it says nothing more; what its participants say comes to the page, the record and the webhook. Once more is as good as once. A call that began in another mode has one mixed stream of audio, in which nobody is told apart: choose the mode when the call begins where that matters.',
  params: callId,
  query: nothing,
  answers: {
    200: z
      .object({
        call_id: z.string().meta({ example: CALL_ID }),
        session_id: z.string().meta({ example: SESSION_ID }),
        status: z.literal('transcribing'),
        streaming_mode: z.string().meta({ example: 'transcription' }),
        message: z.string().meta({ example: 'The call is written down from now on' }),
      })
      .meta({ id: 'TranscribedCall', description: 'The call is written down.' }),
  },
  errors: [
    ...STORE_ERRORS,
    'calls.not-found',
    'calls.not-established',
    'calls.no-phone-call',
    'call.ended',
    'calls.transfer-running',
    'mode.not-configured',
    'session.version-conflict',
    'session.not-found',
    'acs.call-gone',
    'acs.denied',
    'acs.refused',
    'acs.unavailable',
    'acs.unreachable',
  ],
});
