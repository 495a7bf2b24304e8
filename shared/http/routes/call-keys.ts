import { z } from 'zod';
import { inputName, KEY_ROW, keyLine, keyTerms, MOST_KEYS } from '../../calls/keys-wish.ts';
import { defineRoute } from '../route.ts';
import { accepted, idempotency, ONCE_ERRORS, OPERATION_ERRORS, PARTICIPANT_ERRORS, party } from './call-operations.ts';
import { callId, nothing, STORE_ERRORS } from './calls.ts';

/** Keys of the telephone: those that we press, and those that the caller shall. */

export const sendCallKeys = defineRoute({
  name: 'calls-keys',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/keys',
  access: 'api',
  summary: 'Presses keys of the telephone towards somebody in the call',
  description: 'How many they were is on record, and not which.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: z
    .strictObject({
      keys: z
        .string()
        .max(MOST_KEYS)
        .regex(KEY_ROW, 'must be keys such as 1 or 4711#')
        .describe('Of 0 to 9, *, # and A to D.')
        .meta({ example: '4711#' }),
      participant: party.describe('Without it, the one whom the call is with.').nullable().exactOptional(),
    })
    .meta({ id: 'SendKeys' }),
  answers: { 202: accepted },
  errors: [...OPERATION_ERRORS, ...ONCE_ERRORS, ...PARTICIPANT_ERRORS],
});

export const collectCallKeys = defineRoute({
  name: 'calls-keys-collect',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/{id}/keys/collect',
  access: 'api',
  summary: 'Has the caller enter keys of the telephone',
  description:
    'What comes of it stands in the operation, as `result.data`: `status` is `right`, `not_right`, `nothing`, `failed`, `replaced` or `call_over`, with `attempts`, and `keys` where they are no secret. Of a secret there is a `handle`, by which tools of the agent get it; it is in no answer. When it is over the agent is told so and speaks of it in its own words, or says the words that stand here for it.',
  params: callId,
  query: nothing,
  headers: idempotency,
  body: z
    .strictObject({
      input: inputName
        .describe(
          'One that the agent’s definition describes under `call_tools.collect_keys.inputs`; nothing else is said then.',
        )
        .exactOptional(),
      count: z.int().min(1).max(MOST_KEYS).describe('So many are enough.').meta({ example: 4 }).exactOptional(),
      ...keyTerms,
      prompt: keyLine.describe('Said first; without it, the caller knows already.').exactOptional(),
      retry_prompt: keyLine.describe('Said after an attempt that was not right.').exactOptional(),
      right_prompt: keyLine
        .describe('Said when they were right, word for word; without it, the agent speaks of it in its own words.')
        .exactOptional(),
      wrong_prompt: keyLine
        .describe('Said when the last attempt was not right either, or nothing was pressed; in the same way.')
        .exactOptional(),
    })
    .refine(({ input, count }) => (input === undefined) !== (count === undefined), {
      path: ['count'],
      error: 'must be there, or input, and not both',
    })
    .refine(({ input, right_prompt, wrong_prompt }) => input === undefined || !(right_prompt ?? wrong_prompt), {
      path: ['input'],
      error: 'is an input of the agent, who says what came of it: leave right_prompt and wrong_prompt out',
    })
    .refine(({ attempts, retry_prompt }) => attempts === 1 || retry_prompt !== undefined, {
      path: ['retry_prompt'],
      error: 'must say what the caller hears before another attempt',
    })
    .refine(({ least, count }) => count === undefined || least <= count, {
      path: ['least'],
      error: 'must not be more than count',
    })
    .meta({ id: 'CollectKeys' }),
  answers: { 202: accepted },
  // Whoever talks on the call does it: nothing is asked of the carrier meanwhile.
  errors: [
    ...STORE_ERRORS,
    ...ONCE_ERRORS,
    'calls.not-found',
    'calls.not-established',
    'calls.no-phone-call',
    'call.ended',
    'keys.input-unknown',
    'calls.on-hold',
    'calls.transfer-running',
    'calls.no-voice',
  ],
});

export const CALL_KEYS = [sendCallKeys, collectCallKeys] as const;
