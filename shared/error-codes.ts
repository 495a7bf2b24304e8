import { CALL_ERRORS } from './error-codes/calls.ts';
import { EMULATOR_ERRORS } from './error-codes/emulator.ts';
import { REALTIME_ERRORS } from './error-codes/realtime.ts';
import { REQUEST_ERRORS } from './error-codes/requests.ts';
import { SPEECH_AND_MODEL_ERRORS } from './error-codes/speech-and-model.ts';

/** What one code says. Codes are public: they are added, never renamed. */
export interface ErrorCodeEntry {
  /** The HTTP status where the error becomes an answer; 500 where it never should. */
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 426 | 429 | 500 | 502 | 503;
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What its reader can do about it. */
  readonly remedy: string;
}

/** Every code of an error that Parley raises on purpose. A code that is not here does not compile. */
export const ERROR_CODES = {
  ...REQUEST_ERRORS,
  ...CALL_ERRORS,
  ...SPEECH_AND_MODEL_ERRORS,
  ...REALTIME_ERRORS,
  ...EMULATOR_ERRORS,
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes whose answers have this status. */
export type CodeOf<Status extends ErrorCodeEntry['status']> = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['status'] extends Status ? Code : never;
}[ErrorCode];
