import type { Caller } from '../../shared/auth/api-door.ts';
import { mayBeDone } from '../../shared/calls/operations/operate.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';

interface Wanted {
  readonly target: PartyId;
  readonly session: Session;
  readonly caller: Caller;
  /** His part is over with ours at the latest: then what was not used of its price is given back. */
  readonly endsWithOurs: boolean;
}

/**
 * Has somebody rung for a call that stands, as a client of the API wants it. A telephone goes through the gate of all calls
 * that are placed; whom the carrier knows by a raw id costs nothing, and passes.
 * @throws {ParleyError} one of `outbound.*`, and what `ring` fails with
 */
export async function ringIntoCall<Result>(
  { target, session, caller, endsWithOurs }: Wanted,
  parts: Parts,
  log: Logger,
  ring: () => Promise<Result>,
): Promise<Result> {
  // The second is a raw id, of a telephone that is written as no number is.
  if (!target.startsWith('+') && !target.startsWith('4:')) return ring();
  const admission = await parts.gate.admit({ number: target, client: caller.id, intoCall: true });
  let result: Result;
  try {
    result = await ring();
  } catch (error) {
    if (!mayBeDone(error)) await admission.takeBack(log);
    throw error;
  }
  const price = endsWithOurs ? parts.gate.minutePrice(target) : undefined;
  if (price === undefined) return result;
  const add = ({ minutePrice = 0 }: Session) => ({ minutePrice: minutePrice + price });
  await parts.store.update(session.id, add).catch((error: unknown) => {
    log.warn({ reason: messageOf(error) }, 'somebody who is rung stays counted with all of his price');
  });
  return result;
}
