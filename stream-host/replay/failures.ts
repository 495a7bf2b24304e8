import { ERROR_CODES, type ErrorCode } from '../../shared/error-codes.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';

/** An error as a record holds it. */
export interface Failure {
  readonly message: string;
  readonly code?: string | undefined;
}

/** What the engine may know of an error, for a record. */
export function failureOf(error: unknown): Failure {
  return { message: messageOf(error), ...(error instanceof ParleyError && { code: error.code }) };
}

/** The error again. A code that nobody knows any more is a plain error. */
export function errorOf({ message, code }: Failure): Error {
  return code !== undefined && isCode(code) ? new ParleyError(code, message) : new Error(message);
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);
