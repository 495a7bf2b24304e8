import type { ErrorCode } from '../error-codes.ts';
import { messageOf } from '../errors.ts';

/**
 * How a service stands to us. `accepted`: it took what we showed it, and did the least that it can do. `refused`: it is
 * there and does not take our key, our identity, or the name of what we asked for. `throttled`: it would, later.
 * `unreachable`: no answer, none in time, or one that says that it is broken. `not configured`: no setting names it.
 */
export const DEPENDENCY_STATES = ['accepted', 'refused', 'unreachable', 'throttled', 'not configured'] as const;
export type DependencyState = (typeof DEPENDENCY_STATES)[number];

/** Whether calls may ask a provider: `open`: not now, as it has failed several times in a row; `probing`: one call may. */
export const BREAKER_STATES = ['closed', 'open', 'probing'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

export type FailureState = Exclude<DependencyState, 'accepted' | 'not configured'>;

/** What a check asks of a service. */
export interface Asked {
  /** Aborted when the time of the check is up: whatever is open is to be closed. */
  readonly signal: AbortSignal;
  /** The service is to do real work, which may cost something; else to take us, which costs nothing. */
  readonly thorough: boolean;
}

/** What a check has seen besides that all is well. */
export interface Seen {
  /** How many there are, where several may be. */
  readonly count?: number;
}

/** Asks a service once, by the client that the product uses. @throws {CheckFailure} or anything, which is `unreachable` */
export type Check = (asked: Asked) => Promise<Seen>;

/** A service did not take us. The code tells what to do about it; the cause is for the log. */
export class CheckFailure extends Error {
  readonly state: FailureState;
  readonly code: ErrorCode;

  constructor(state: FailureState, code: ErrorCode, cause?: unknown) {
    super(cause === undefined ? code : messageOf(cause), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.state = state;
    this.code = code;
  }
}

/** A service that is asked by HTTP: what its status says of us. */
export function stateOfStatus(status: number): FailureState | 'accepted' {
  if (status === 429) return 'throttled';
  if (status === 401 || status === 403 || status === 404) return 'refused';
  return status >= 500 || status === 408 ? 'unreachable' : 'accepted';
}
