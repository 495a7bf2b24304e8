/**
 * The errors that Parley raises on purpose. Each has a stable `code` (safe to show, safe to alert on) and a message
 * that tells its reader what to do. `status` is the HTTP status that a Function answers with.
 */
export class ParleyError extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = options.status ?? 500;
    this.details = options.details;
  }
}

/** A setting is missing or wrong. The message names the variable, what was given and what is allowed. */
export class ConfigError extends ParleyError {
  constructor(message: string) {
    super('config.invalid', message);
  }
}

/** The request itself is wrong; sending it again unchanged cannot help. */
export class RequestError extends ParleyError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super(code, message, { status: 400, ...(details && { details }) });
  }
}

export class NotFoundError extends ParleyError {
  constructor(code: string, message: string) {
    super(code, message, { status: 404 });
  }
}

/** Something that Parley depends on did not answer, or answered that it cannot. */
export class DependencyError extends ParleyError {
  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { status: 503, cause });
  }
}

/** The text of anything that was thrown, for a log line or an error chain. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
