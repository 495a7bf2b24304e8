import { type CodeOf, ERROR_CODES, type ErrorCode } from './error-codes.ts';

/**
 * The errors that Parley raises on purpose. Each has a `code` of the one table (safe to show, safe to alert on) and a
 * message that tells its reader what to do.
 */
export class ParleyError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details;
  }

  /** The HTTP status of an answer that tells this error. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** A setting is missing or wrong. The message names the variable, what was given and what is allowed. */
export class ConfigError extends ParleyError {
  constructor(message: string) {
    super('config.invalid', message);
  }
}

/** How a process ends whose settings are bad: starting it again cannot help. */
export const CONFIG_EXIT_CODE = 78;

/** How a process ends that has found itself broken: whoever watches over it starts a new one. */
export const BROKEN_EXIT_CODE = 70;

/** The request itself is wrong; sending it again unchanged cannot help. */
export class RequestError extends ParleyError {
  constructor(code: CodeOf<400 | 413>, message: string, details?: Record<string, unknown>) {
    super(code, message, { ...(details && { details }) });
  }
}

export class NotFoundError extends ParleyError {
  constructor(code: CodeOf<404>, message: string) {
    super(code, message);
  }
}

/** It would be good later, and is too much now. */
export class TooMuchError extends ParleyError {
  /** When it may be tried again, from now on. */
  readonly retryAfterMs: number;

  constructor(code: CodeOf<429>, message: string, retryAfterMs: number) {
    super(code, message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Something that Parley depends on did not answer, or answered that it cannot. */
export class DependencyError extends ParleyError {
  constructor(code: CodeOf<503>, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}

/**
 * What anybody may read of an error. Of a dependency that failed that is what its code says: the words of the failure
 * itself may hold names and addresses of ours, and are for the log.
 */
export function publicMessageOf(error: ParleyError): string {
  if (!(error instanceof DependencyError) || !(error.cause instanceof Error)) return error.message;
  const { meaning, remedy } = ERROR_CODES[error.code];
  return `${meaning} ${remedy}`;
}

/** The text of anything that was thrown, for a log line or an error chain. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    // An object without a prototype has no words.
    return 'something that is no error was thrown';
  }
}
