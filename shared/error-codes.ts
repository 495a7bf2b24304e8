import { CALL_ERRORS } from './error-codes/calls.ts';
import { EMULATOR_ERRORS } from './error-codes/emulator.ts';
import type { ErrorStatus } from './error-codes/entry.ts';
import { IDENTITY_ERRORS } from './error-codes/identity.ts';
import { OUTBOUND_ERRORS } from './error-codes/outbound.ts';
import { REALTIME_ERRORS } from './error-codes/realtime.ts';
import { REQUEST_ERRORS } from './error-codes/requests.ts';
import { SPEECH_AND_MODEL_ERRORS } from './error-codes/speech-and-model.ts';
import { TICKET_ERRORS } from './error-codes/tickets.ts';

/** Every code of an error that Parley raises on purpose. A code that is not here does not compile. */
export const ERROR_CODES = {
  ...REQUEST_ERRORS,
  ...TICKET_ERRORS,
  ...CALL_ERRORS,
  ...OUTBOUND_ERRORS,
  ...SPEECH_AND_MODEL_ERRORS,
  ...REALTIME_ERRORS,
  ...IDENTITY_ERRORS,
  ...EMULATOR_ERRORS,
};

export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes whose answers have this status. */
export type CodeOf<Status extends ErrorStatus> = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['status'] extends Status ? Code : never;
}[ErrorCode];
