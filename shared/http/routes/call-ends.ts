import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { ACS_ERRORS, CALL_ID, callId, nothing, STORE_ERRORS } from './calls.ts';

const hungUp = z.object({
  call_id: z.string().meta({ example: CALL_ID }),
  session_id: z.string().nullable().describe('null where Redis has lost the session; its call is ended all the same.'),
  status: z
    .string()
    .describe('`disconnecting`, or what the call had come to already.')
    .meta({ example: 'disconnecting' }),
  message: z.string().meta({ example: 'Hanging up' }),
});

export const hangUpCall = defineRoute({
  name: 'calls-hangup',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/hangup',
  access: 'api',
  summary: 'Ends a call for everybody, or a browser’s session',
  description:
    'The agent says nothing more. Where ACS cannot be reached, or breaks, it is asked until the call is over; where it refuses, nothing has changed. A call that was handed on (`transferred`) goes on without us, and cannot be ended here.',
  params: callId,
  query: nothing,
  answers: {
    200: hungUp.meta({ id: 'HungUpCall', description: 'The call is being ended, or was over, or our part in it was.' }),
    202: hungUp.meta({
      id: 'HangUpTriedOn',
      description: 'ACS did not take it, or gave no answer: it is asked until it confirms that the call is over.',
    }),
  },
  errors: [...STORE_ERRORS, 'calls.not-found', 'calls.not-established', ...ACS_ERRORS],
});

export const terminateCall = defineRoute({
  name: 'calls-terminate',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/terminate',
  access: 'api',
  summary: 'Ends a call, by the predecessor’s name',
  description: 'As `POST calls/{id}/hangup`.',
  query: nothing,
  body: z
    .object({
      call_id: z
        .string()
        .max(256)
        .describe('The id of the call connection, or of the session.')
        .meta({ example: CALL_ID }),
    })
    .meta({ id: 'TerminateCall' }),
  answers: hangUpCall.answers,
  errors: hangUpCall.errors,
});
