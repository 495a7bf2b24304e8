import { z } from 'zod';
import { DEFAULT_RING_S, MOST_RING_S } from '../../calls/call-wish.ts';
import { GATE_ERRORS } from '../../error-codes/outbound.ts';
import type { ErrorCode } from '../../error-codes.ts';
import { defineRoute } from '../route.ts';
import { terminateCall } from './call-ends.ts';
import { ACS_ERRORS, CALL_ID, callId, idempotencyKey, nothing, SESSION_ID, STORE_ERRORS } from './calls.ts';

/** What is done with a call that stands. What ends later is answered 202; `GET calls/{id}` tells what came of it. */

/** For the reference. */
const OPERATION_ID = '7d1c5f0e-58a1-4e3c-9d0b-2f6a6b1c9e55';

/** A telephone, or somebody whom the carrier knows by a raw id. */
export const party = z
  .string()
  .max(256)
  .regex(
    /^(\+[1-9]\d{1,14}|\d+:[\w:.+-]{1,250})$/,
    'must be a number in E.164, or a raw id such as 8:orgid:<object id>',
  )
  // A telephone has one name here, whichever of its two it was given by.
  .overwrite((id) => id.replace(/^4:(?=\+)/, ''))
  .meta({ example: '+15551230000' });

export const idempotency = z.object({
  'idempotency-key': idempotencyKey.describe('With it a repeated request gets the first one’s answer.').exactOptional(),
});

/** What any of these routes may answer. */
export const OPERATION_ERRORS = [
  ...STORE_ERRORS,
  'calls.not-found',
  'calls.not-established',
  'calls.no-phone-call',
  'call.ended',
  'carrier.not-supported',
  'acs.call-gone',
  ...ACS_ERRORS,
] as const satisfies readonly ErrorCode[];

/** Where it is about somebody in the call. */
export const PARTICIPANT_ERRORS = ['calls.participant-not-found'] as const satisfies readonly ErrorCode[];

/** Where an Idempotency-Key counts. */
export const ONCE_ERRORS = ['once.input-differs', 'once.running'] as const satisfies readonly ErrorCode[];

export const accepted = z
  .object({
    operation_id: z
      .string()
      .describe('Names it among the `operations` of `GET calls/{id}`.')
      .meta({ example: OPERATION_ID }),
    call_id: z.string().meta({ example: CALL_ID }),
    session_id: z.string().meta({ example: SESSION_ID }),
    status: z.literal('accepted'),
  })
  .meta({ id: 'AcceptedOperation', description: 'It was asked for. What comes of it is told later.' });

const ringS = z.int().min(5).max(MOST_RING_S);

export const transferCall = defineRoute({
  name: 'calls-transfer',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/transfer',
  access: 'api',
  summary: 'Hands the caller to somebody else',
  description:
    'Blind: the caller is handed on and our part in the call ends; where nobody answers, the agent still has him. Warm: the caller waits on hold, the human is rung and told by the agent what the call is about, and the two are left alone; where nobody answers, the agent takes the caller back and says so. A telephone must be one that may be called, or toll-free, and counts as a call that is placed.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: z
    .strictObject({
      target: party,
      kind: z.enum(['blind', 'warm']).default('blind'),
      context: z
        .string()
        .trim()
        .min(1)
        .max(1000)
        .describe('What the human is told first, word for word; of a warm transfer only. Without it the agent sums up.')
        .nullable()
        .exactOptional(),
      timeout_s: ringS
        .describe(
          `How long the human’s telephone rings, ${DEFAULT_RING_S} without it; of a warm transfer only, as ACS takes no time for a blind one, and gives it up by itself.`,
        )
        .exactOptional(),
    })
    .refine(({ kind, context }) => kind === 'warm' || (context ?? '') === '', {
      path: ['context'],
      error: 'is of a warm transfer only: in a blind one nobody tells the human anything',
    })
    .refine(({ kind, timeout_s }) => kind === 'warm' || timeout_s === undefined, {
      path: ['timeout_s'],
      error: 'is of a warm transfer only: how long a blind one rings is up to the carrier',
    })
    .meta({ id: 'TransferCall' }),
  answers: { 202: accepted },
  errors: [
    ...OPERATION_ERRORS,
    ...ONCE_ERRORS,
    ...PARTICIPANT_ERRORS,
    ...GATE_ERRORS,
    'calls.transfer-running',
    'calls.participant-there',
    'calls.no-voice',
  ],
});

export const addParticipant = defineRoute({
  name: 'calls-participants-add',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/participants',
  access: 'api',
  summary: 'Rings somebody, who comes into the call where he answers',
  description:
    'A telephone must be one that may be called, or toll-free, and counts as a call that is placed. A recording of the call pauses before he is rung, and goes on once he was told of it, or does not come.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: z
    .strictObject({ target: party, timeout_s: ringS.describe('How long it rings.').default(DEFAULT_RING_S) })
    .meta({ id: 'AddParticipant' }),
  answers: { 202: accepted },
  errors: [
    ...OPERATION_ERRORS,
    ...ONCE_ERRORS,
    ...GATE_ERRORS,
    'calls.participant-there',
    'calls.transfer-running',
    'calls.no-source-number',
  ],
});

export const listParticipants = defineRoute({
  name: 'calls-participants-list',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/calls/{id}/participants',
  access: 'api',
  summary: 'Tells who is in the call now, as the carrier sees it',
  params: callId,
  query: nothing,
  answers: {
    200: z
      .object({
        participants: z.array(
          z.object({
            id: z
              .string()
              .describe('E.164 where it is a telephone, else the raw id.')
              .meta({ example: '+15551230000' }),
            muted: z.boolean(),
            on_hold: z.boolean(),
          }),
        ),
      })
      .meta({ id: 'CallParticipants', description: 'Everybody in the call, the application itself among them.' }),
  },
  errors: OPERATION_ERRORS,
});

const participantOf = callId.extend({
  participant: party.describe('As `GET calls/{id}/participants` names him.'),
});

export const removeParticipant = defineRoute({
  name: 'calls-participants-remove',
  half: 'functions',
  method: 'DELETE',
  path: '/api/v1/calls/{id}/participants/{participant}',
  access: 'api',
  summary: 'Has somebody leave the call',
  params: participantOf,
  query: nothing,
  headers: idempotency,
  answers: { 202: accepted },
  errors: [...OPERATION_ERRORS, ...ONCE_ERRORS, ...PARTICIPANT_ERRORS],
});

export const muteParticipant = defineRoute({
  name: 'calls-participants-mute',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/participants/{participant}/mute',
  access: 'api',
  summary: 'Has nobody hear a participant any more',
  description:
    'ACS does so for its own users only, and refuses it for telephones. It has no way back: remove him and add him again.',
  params: participantOf,
  query: nothing,
  answers: {
    200: z
      .object({ participant: z.string().meta({ example: '+15551230000' }), muted: z.literal(true) })
      .meta({ id: 'MutedParticipant', description: 'He is muted.' }),
  },
  errors: [...OPERATION_ERRORS, ...PARTICIPANT_ERRORS],
});

/** Whoever puts somebody through has him on hold, and takes him off. */
const HOLD_ERRORS = [
  ...OPERATION_ERRORS,
  ...ONCE_ERRORS,
  ...PARTICIPANT_ERRORS,
  'calls.transfer-running',
  'calls.hold-running',
] as const satisfies readonly ErrorCode[];

const held = z
  .strictObject({ participant: party.describe('Without it, the caller.').nullable().exactOptional() })
  .default({})
  .meta({ id: 'HoldParticipant' });

export const holdCall = defineRoute({
  name: 'calls-hold',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/hold',
  access: 'api',
  summary: 'Puts the caller, or another participant, on hold',
  description:
    'He neither hears nor is heard. While it is the caller, the agent says nothing and hears nobody; what it was saying it goes on with when he is back.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: held,
  answers: { 202: accepted },
  errors: HOLD_ERRORS,
});

export const unholdCall = defineRoute({
  name: 'calls-unhold',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/unhold',
  access: 'api',
  summary: 'Takes the caller, or another participant, off hold',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: held,
  answers: { 202: accepted },
  errors: HOLD_ERRORS,
});

export const recordCall = defineRoute({
  name: 'calls-recording',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/recording',
  access: 'api',
  summary: 'Has the carrier record the call, pause, go on or stop',
  description:
    'Before it starts, everybody in the call is told so: by the agent (`recording.notice` of its YAML) or by what RECORDING_NOTICE_URL names. Where the notice is not heard, nothing is recorded. So it does not start while the caller is on hold, or is being put through, nor in a call that is only written down where the agent would have to say it.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: z.strictObject({ action: z.enum(['start', 'pause', 'resume', 'stop']) }).meta({ id: 'RecordCall' }),
  answers: { 202: accepted },
  errors: [
    ...OPERATION_ERRORS,
    ...ONCE_ERRORS,
    ...([
      'recording.newcomer',
      'recording.none',
      'recording.no-notice',
      'recording.running',
      'calls.transfer-running',
      'calls.on-hold',
      'calls.no-voice',
    ] as const),
  ],
});

/** In the order of the reference. */
export const CALL_OPERATIONS = [
  transferCall,
  addParticipant,
  listParticipants,
  removeParticipant,
  muteParticipant,
  holdCall,
  unholdCall,
  recordCall,
  terminateCall,
] as const;
