import type { HttpResponseInit } from '@azure/functions';
import { ConfigError, messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';

/** The one shape of an error, on every route. `code` is stable; `traceId` finds the log lines. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly traceId: string;
  };
}

export function errorAnswer(thrown: unknown, traceId: string, log: Logger): HttpResponseInit {
  const error = publicErrorOf(thrown);
  logFailure(thrown, error, traceId, log);
  const body: ErrorBody = {
    error: { code: error.code, message: error.message, ...(error.details && { details: error.details }), traceId },
  };
  return {
    status: error.status,
    headers: { 'cache-control': 'no-store', ...(error.status === 401 && { 'www-authenticate': 'Bearer' }) },
    jsonBody: body,
  };
}

/** What was raised on purpose says all in its message; what was not needs its stack. */
function logFailure(thrown: unknown, error: ParleyError, traceId: string, log: Logger): void {
  const fields = { code: error.code, status: error.status, traceId };
  if (error.code === 'internal') {
    log.error({ ...fields, err: thrown }, 'request failed');
  } else if (error.status >= 500) {
    const cause = error.cause === undefined ? undefined : messageOf(error.cause);
    // 503 asks the sender to come again, and most come again with success.
    log[error.status === 503 ? 'warn' : 'error']({ ...fields, reason: error.message, cause }, 'request failed');
  } else {
    log.info(fields, 'request refused');
  }
}

/** What the outside may know. A bad setting was logged with its name and value; those are nobody else's business. */
function publicErrorOf(thrown: unknown): ParleyError {
  if (thrown instanceof ConfigError) {
    const message = 'The service is not configured; its log names the settings to mend.';
    return new ParleyError(thrown.code, message);
  }
  if (thrown instanceof ParleyError) return thrown;
  return new ParleyError('internal', 'Something went wrong here. Quote the trace id when you report it.');
}
