import type { PartyId } from '../carrier/carrier.ts';
import type { Session } from '../sessions/session.ts';
import type { Operation } from './operation-ledger.ts';

type Parties = Pick<Session, 'direction' | 'from' | 'to' | 'shownNumber'>;

/** The one whom the agent talks with, whoever placed the call. Empty where he is not known. */
export const callerOf = ({ direction, from, to }: Parties): PartyId => (direction === 'inbound' ? from : to) ?? '';

/** Our number in the call, by which the caller knows us, and by which others are called for him. */
export function ourNumberOf({ direction, from, to, shownNumber }: Parties): PartyId | undefined {
  const ours = direction === 'inbound' ? to : from;
  return isNumber(ours) ? ours : shownNumber;
}

/** Of a new session in which our side is no number, as in Teams Phone: a telephone is called by one all the same. */
export const shownNumberOf = (ours: PartyId | undefined, number: string | undefined): Pick<Session, 'shownNumber'> =>
  isNumber(ours) || number === undefined ? {} : { shownNumber: number };

const isNumber = (who: PartyId | undefined): boolean => who?.startsWith('+') ?? false;

/** Whether others than the caller and us have come into the call. */
export const hasOthers = (operations: readonly Operation[]): boolean =>
  operations.some(({ kind, state }) => kind === 'add-participant' && state === 'succeeded');
