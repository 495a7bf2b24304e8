import type { Carrier, PartyId } from '../../carrier/carrier.ts';
import { CarrierError, failedAs } from '../../carrier/carrier-error.ts';

/** What tells who is in a call. */
type Presence = Pick<Carrier, 'participants'>;

/**
 * Asks a carrier for something about somebody in a call. Carriers answer of one who is not there as of a call that is not
 * there (ACS: 404 and the code 8522 for both), so they are asked who is.
 * @throws {CarrierError} `calls.participant-not-found`; or what the request itself has failed with
 */
export async function aboutSomebody<Result>(
  carrier: Presence,
  callId: string,
  who: PartyId,
  request: () => Promise<Result>,
): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    const isGone = failedAs(error, 'gone');
    if (!isGone && !failedAs(error, 'refused')) throw error;
    const there = await isThere(carrier, callId, who);
    if (there === false) throw absent(error);
    throw there && isGone ? callStands(error) : error;
  }
}

/** It was answered as of a call that is gone, and the call stands. */
export const callStands = (cause: unknown) =>
  new CarrierError('refused', 'acs.refused', 'The carrier has the call, and not what was asked for in it (any more).', {
    cause,
  });

export const absent = (cause?: unknown) =>
  new CarrierError('absent', 'calls.participant-not-found', 'Nobody of that name is in the call.', { cause });

/** Undefined where the carrier does not tell. */
export async function whoIsThere(carrier: Presence, callId: string): Promise<readonly PartyId[] | undefined> {
  try {
    return (await carrier.participants(callId)).map(({ id }) => id);
  } catch {
    return undefined;
  }
}

/** Undefined where the carrier does not tell. */
export const isThere = async (carrier: Presence, callId: string, who: PartyId): Promise<boolean | undefined> =>
  (await whoIsThere(carrier, callId))?.some((id) => isSame(id, who));

/**
 * A telephone is told of by its number, by whichever of its two names it is asked for: `+1555…` or the raw id `4:+1555…`. So is an
 * extension, and one who keeps his number to himself: `anonymous` or `4:anonymous`.
 */
const plainId = (who: PartyId): PartyId => who.replace(/^4:/, '');

export const isSame = (one: PartyId, other: PartyId): boolean => plainId(one) === plainId(other);
