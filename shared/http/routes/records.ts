import { z } from 'zod';
import type { ErrorCode } from '../../error-codes.ts';
import { defineRoute } from '../route.ts';
import { STORE_ERRORS } from './calls.ts';

/** For the reference. */
const CALL_ID = '411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11';
const SESSION_ID = '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e';

const RECORD_STORE_ERRORS = [
  'records.refused',
  'records.throttled',
  'records.unreachable',
] as const satisfies readonly ErrorCode[];

const callId = z.object({
  id: z.string().max(256).describe('The id of the session, or of the call connection.').meta({ example: SESSION_ID }),
});

export const readCallRecord = defineRoute({
  name: 'calls-record',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/calls/{id}/record',
  access: 'api',
  summary: 'Reads the record of a call',
  description:
    'JSON lines, each with `at_ms` (since 1970) and `line`: `head`, `event`, `input`, `usage` or `end`. A call that goes on has none of the last seconds yet, and no `end`. After a day the id of the session alone finds it.',
  params: callId,
  query: z.strictObject({
    inputs: z
      .enum(['true', 'false'])
      .default('true')
      .describe(
        'false leaves out the lines `input`, from which a call can be played again: they are most of a record.',
      ),
  }),
  produces: 'application/x-ndjson',
  answers: {
    200: z.string().meta({
      id: 'CallRecord',
      description: 'The lines, in the order in which they were written.',
      example:
        '{"at_ms":1780000000000,"line":"head","format":1,"session_id":"0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e","agent":"orders"}\n',
    }),
  },
  errors: [...STORE_ERRORS, ...RECORD_STORE_ERRORS, 'records.not-found', 'records.none-kept', 'records.too-large'],
});

export const eraseCall = defineRoute({
  name: 'calls-erase',
  half: 'functions',
  method: 'DELETE',
  path: '/api/v1/calls/{id}',
  access: 'api',
  summary: 'Erases all that is kept of a call',
  description:
    'History, events, transcript, record and audio that Parley keeps. What ACS recorded stays where ACS has put it: `left` names it, and afterwards nothing else does. Once more is as good as once, and what is gone already is no error. A call that goes on is not erased: end it first, and ask again in some seconds. Logs and telemetry have their own times.',
  params: callId,
  query: z.strictObject({}),
  answers: {
    200: z
      .object({
        call_id: z.string().nullable().describe('null where nobody knows it any more.').meta({ example: CALL_ID }),
        session_id: z.string().meta({ example: SESSION_ID }),
        redis: z
          .record(z.string(), z.int())
          .describe('What was erased in Redis, by name, and how many entries of it.')
          .meta({ example: { session: 1, history: 1, events: 1, calls: 2 } }),
        files: z
          .array(z.object({ name: z.string().meta({ example: 'record.jsonl' }), bytes: z.int() }))
          .describe('What was erased of its record.'),
        left: z
          .array(
            z.object({
              what: z.literal('carrier-recording'),
              recording_id: z.string().nullable().describe('null where ACS never told it.'),
              correlation_id: z.string().nullable(),
              server_call_id: z.string().nullable(),
            }),
          )
          .nullable()
          .describe(
            'What ACS was asked to record of it, and may keep: yours to delete. Null where the session was gone already, or Redis had lost what was asked for in it, so that nobody knows.',
          )
          .meta({ example: [] }),
        message: z.string().meta({ example: 'Erased' }),
      })
      .meta({
        id: 'ErasedCall',
        description:
          'Parley keeps nothing of the call any more; what ACS may keep is in `left`. Empty lists: there was nothing.',
      }),
  },
  errors: [...STORE_ERRORS, ...RECORD_STORE_ERRORS, 'calls.goes-on', 'session.id-invalid'],
});
