import { ConfigError, messageOf, ParleyError, publicMessageOf, TooMuchError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ErrorBody } from './error-body.ts';
import { MethodError } from './methods.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** Writes down what was thrown, and turns it into what the outside may know of it. Never throws. */
export function errorAnswer(thrown: unknown, traceId: string, log: Logger): ErrorAnswer {
  logFailure(thrown, traceId, log);
  return answerTo(thrown, traceId);
}

/** What the outside may know of what was thrown. Never throws. */
export function answerTo(thrown: unknown, traceId: string): ErrorAnswer {
  const error = publicErrorOf(thrown);
  const { code, details, status } = error;
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(error instanceof MethodError && { allow: error.allowed }),
      ...retryAfter(error),
    },
    body: { error: { code, message: publicMessageOf(error), ...(details && { details }), traceId } },
  };
}

const RETRY_AFTER_SECONDS: Readonly<Record<number, string>> = { 429: '10', 503: '2' };

/** When to come again: as the error says, or in a moment. */
function retryAfter(error: ParleyError): { readonly 'retry-after'?: string } {
  if (error instanceof TooMuchError) return { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) };
  const seconds = RETRY_AFTER_SECONDS[error.status];
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

/** What was raised on purpose says all in its message; what was not needs its stack. */
export function logFailure(thrown: unknown, traceId: string, log: Logger): void {
  const error = publicErrorOf(thrown);
  const fields = { code: error.code, status: error.status, traceId };
  if (error.code === 'internal') {
    log.error({ ...fields, err: thrown }, 'request failed');
  } else if (error.status >= 500) {
    const cause = error.cause === undefined ? undefined : messageOf(error.cause);
    // 503 asks the sender to come again, and most come again with success.
    log[error.status === 503 ? 'warn' : 'error']({ ...fields, reason: error.message, cause }, 'request failed');
  } else {
    // Whoever tries paths must not fill the log.
    const isStray = error.code === 'route.unknown' || error.code === 'method.not-allowed';
    log[isStray ? 'debug' : 'info']({ ...fields, reason: error.message }, 'request refused');
  }
}

/** What the outside may know. A bad setting was logged with its name and value; those are nobody else's business. */
function publicErrorOf(thrown: unknown): ParleyError {
  if (thrown instanceof ConfigError) {
    return new ParleyError(thrown.code, 'The service is not configured; its log names the settings to mend.');
  }
  if (thrown instanceof ParleyError) return thrown;
  return new ParleyError('internal', 'Something went wrong here. Quote the trace id when you report it.');
}

/** The trace of a W3C `traceparent` (version-traceid-spanid-flags), where there is one. */
export const traceIdOf = (traceparent: string | null | undefined): string | undefined =>
  /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent ?? '')?.[1];
