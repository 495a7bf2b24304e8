import { messageOf, ParleyError } from '../../errors.ts';
import { CarrierError } from '../carrier-error.ts';

/**
 * What the SDK threw, as one kind of error. It throws `RestError` for an HTTP answer that it did not expect (with
 * `statusCode`) and for a broken connection (without), `AbortError` when time is up, and a plain string when an answer
 * lacks the call's id.
 * @param isUnsent nothing of the request has reached ACS
 */
export function acsErrorOf(what: string, thrown: unknown, isUnsent = false): CarrierError {
  const { statusCode, code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    statusCode?: unknown;
    code?: unknown;
  };
  if (typeof statusCode === 'number') {
    const options = { cause: thrown, details: { acsStatus: statusCode, ...(code !== undefined && { acsCode: code }) } };
    const answered = `ACS answered ${statusCode} when asked to ${what}`;
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
      const uncertain = statusCode !== 429;
      return new CarrierError('unavailable', 'acs.unavailable', `${answered}; try again later.`, {
        ...options,
        uncertain,
      });
    }
    if (statusCode === 401 || statusCode === 403) {
      return new CarrierError(
        'denied',
        'acs.denied',
        `${answered}; check the key in ACS_CONNECTION_STRING or, with ACS_ENDPOINT, the role of the identity.`,
        options,
      );
    }
    if (statusCode === 404) {
      return new CarrierError('gone', 'acs.call-gone', `${answered}: it does not know this call.`, options);
    }
    return new CarrierError('refused', 'acs.refused', `${answered}.`, options);
  }
  if (typeof thrown === 'string' || thrown instanceof TypeError) {
    return new CarrierError(
      'refused',
      'acs.refused',
      `ACS was asked to ${what} and its answer made no sense: ${messageOf(thrown)}`,
      { cause: thrown, uncertain: true },
    );
  }
  if (thrown instanceof ParleyError) {
    const message = `ACS could not be asked to ${what}. ${thrown.message}`;
    // There was no token, so that nothing was sent.
    return new CarrierError('unreachable', 'acs.unreachable', message, { cause: thrown, uncertain: false });
  }
  const message = `ACS could not be reached to ${what}; check ACS_CONNECTION_STRING or ACS_ENDPOINT.`;
  return new CarrierError('unreachable', 'acs.unreachable', message, { cause: thrown, uncertain: !isUnsent });
}
