import { messageOf, ParleyError } from '../errors.ts';

type CallControlErrorCode =
  /** No answer, or none in time. */
  | 'acs.unreachable'
  /** An answer that promises better times: throttled, or broken on their side. */
  | 'acs.unavailable'
  /** The key or the identity is not accepted. */
  | 'acs.denied'
  /** The call does not exist (any more). */
  | 'acs.call-gone'
  /** ACS understood and said no. */
  | 'acs.refused';

/** ACS did not do what was asked, as far as is known. */
export class CallControlError extends ParleyError {
  /** The same request may work later. */
  readonly transient: boolean;
  /** It may have been done all the same: the request was sent, and no answer says that nothing came of it. */
  readonly uncertain: boolean;

  constructor(
    code: CallControlErrorCode,
    message: string,
    { uncertain, ...options }: { cause: unknown; details?: Record<string, unknown>; uncertain?: boolean },
  ) {
    super(code, message, options);
    this.transient = code === 'acs.unreachable' || code === 'acs.unavailable';
    this.uncertain = uncertain ?? this.transient;
  }
}

/**
 * What the SDK threw, as one kind of error. It throws `RestError` for an HTTP answer that it did not expect (with
 * `statusCode`) and for a broken connection (without), `AbortError` when time is up, and a plain string when an answer
 * lacks the call's id.
 */
export function callControlErrorOf(what: string, thrown: unknown): CallControlError {
  const { statusCode, code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    statusCode?: unknown;
    code?: unknown;
  };
  if (typeof statusCode === 'number') {
    const options = { cause: thrown, details: { acsStatus: statusCode, ...(code !== undefined && { acsCode: code }) } };
    const answered = `ACS answered ${statusCode} when asked to ${what}`;
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
      const uncertain = statusCode !== 429;
      return new CallControlError('acs.unavailable', `${answered}; try again later.`, { ...options, uncertain });
    }
    if (statusCode === 401 || statusCode === 403) {
      return new CallControlError(
        'acs.denied',
        `${answered}; check the key in ACS_CONNECTION_STRING or, with ACS_ENDPOINT, the role of the identity.`,
        options,
      );
    }
    if (statusCode === 404) {
      return new CallControlError('acs.call-gone', `${answered}: it does not know this call.`, options);
    }
    return new CallControlError('acs.refused', `${answered}.`, options);
  }
  if (typeof thrown === 'string' || thrown instanceof TypeError) {
    return new CallControlError(
      'acs.refused',
      `ACS was asked to ${what} and its answer made no sense: ${messageOf(thrown)}`,
      { cause: thrown, uncertain: true },
    );
  }
  if (thrown instanceof ParleyError) {
    const message = `ACS could not be asked to ${what}. ${thrown.message}`;
    // There was no token, so that nothing was sent.
    return new CallControlError('acs.unreachable', message, { cause: thrown, uncertain: false });
  }
  const message = `ACS could not be reached to ${what}; check ACS_CONNECTION_STRING or ACS_ENDPOINT.`;
  return new CallControlError('acs.unreachable', message, { cause: thrown });
}
