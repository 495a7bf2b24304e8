import type { ErrorCode } from '../error-codes.ts';
import { ParleyError } from '../errors.ts';

/** Why a carrier did not do what it was asked. */
export type CarrierFailure =
  /** No answer, or none in time. */
  | 'unreachable'
  /** An answer that promises better times: throttled, or broken on its side. */
  | 'unavailable'
  /** The key or the identity is not accepted. */
  | 'denied'
  /** The call does not exist (any more). */
  | 'gone'
  /** The call stands, and the one whom it is about is not in it. */
  | 'absent'
  /** It understood and said no. */
  | 'refused'
  /** It has no such operation. */
  | 'not-supported';

/** A carrier did not do what was asked, as far as is known. Decide by `failure`: the code is the carrier's own. */
export class CarrierError extends ParleyError {
  readonly failure: CarrierFailure;
  /** The same request may work later. */
  readonly transient: boolean;
  /** It may have been done all the same: the request was sent, and no answer says that nothing came of it. */
  readonly uncertain: boolean;

  constructor(
    failure: CarrierFailure,
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown>; uncertain?: boolean } = {},
  ) {
    const { uncertain, ...rest } = options;
    super(code, message, rest);
    this.failure = failure;
    this.transient = failure === 'unreachable' || failure === 'unavailable';
    this.uncertain = uncertain ?? this.transient;
  }
}

/** Whether that is why something failed. */
export const failedAs = (error: unknown, failure: CarrierFailure): boolean =>
  error instanceof CarrierError && error.failure === failure;

export const notSupported = (carrier: string, what: string): CarrierError =>
  new CarrierError('not-supported', 'carrier.not-supported', `The carrier ${carrier} cannot ${what}.`);
