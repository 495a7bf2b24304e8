import { z } from 'zod';
import type { PartyId } from '../../carrier/carrier.ts';
import { ParleyError } from '../../errors.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import type { Operation } from '../operation-ledger.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';
import { aboutSomebody } from './who-is-there.ts';

/** What is told of it beyond the carrier's answer is told at once. */
const SETTLED_WITHIN_MS = 30_000;

export const holdRunning = () =>
  new ParleyError('calls.hold-running', 'He is just being put on hold, or taken off; ask again in a moment.');

/** Done with the carrier's answer. @param order see {@link operate} @throws {ParleyError} */
const change =
  (on: boolean) =>
  (ports: OperationPorts, of: OperationOf, participant: PartyId, order?: SessionCommand): Promise<boolean> => {
    const { carrier } = ports;
    const { callId, operationContext, askedBy } = of;
    const ask = () => carrier[on ? 'hold' : 'unhold'](callId, participant, operationContext);
    return operate(ports, of, {
      kind: 'hold',
      deadlineMs: SETTLED_WITHIN_MS,
      data: { participant, on },
      // Nobody knows in which order the carrier does two at once. A step of a transfer is kept from the others by that.
      ...(askedBy !== 'engine' && { alone: { slot: `hold:${participant}`, refusal: holdRunning } }),
      request: () => aboutSomebody(carrier, callId, participant, ask),
      endsWith: () => ({}),
      order,
    });
  };

/** Somebody waits: he neither hears nor is heard. */
export const hold = change(true);

/** He is in the call again. */
export const unhold = change(false);

/** Of `Operation.data`: who is on hold from now on, or no more. */
export const heldData = z.object({ participant: z.string(), on: z.boolean() });

/** Whether the last thing that was done with somebody was to put him on hold. */
export function isOnHold(operations: readonly Operation[], participant: PartyId): boolean {
  const held = operations.flatMap(({ kind, state, data }) =>
    kind === 'hold' && state === 'succeeded' ? (heldData.safeParse(data).data ?? []) : [],
  );
  return held.findLast((each) => each.participant === participant)?.on ?? false;
}
