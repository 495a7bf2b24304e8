import type { SessionCommand } from '../sessions/session.ts';
import type { OperationState, Settlement } from './operation-ledger.ts';

/** The reason of what nobody could find out begins so. */
export const UNKNOWN = 'unknown' satisfies OperationState;

/** What the host that talks on a call is told of an operation of that call that has ended. */
export function operationEnded({ operationContext, state, result }: Settlement): SessionCommand {
  // The carrier's own words stay on record; what is told of them here is what an agent may repeat.
  const parts = [state === UNKNOWN ? state : undefined, result?.code, result?.message];
  const reason = parts.filter((part) => part !== undefined && part !== '').join(' ');
  return { type: 'operation', operationContext, succeeded: state === 'succeeded', reason };
}
