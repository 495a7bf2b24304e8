import { z } from 'zod';
import type { PartyId } from '../../carrier/carrier.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import type { Operation } from '../operation-ledger.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';
import { aboutSomebody } from './who-is-there.ts';

/** What is told of it beyond the carrier's answer is told at once. */
const SETTLED_WITHIN_MS = 30_000;

/** Somebody waits: he neither hears nor is heard. Done with the carrier's answer. @param order see {@link operate} @throws {ParleyError} */
export function hold(
  ports: OperationPorts,
  of: OperationOf,
  participant: PartyId,
  order?: SessionCommand,
): Promise<boolean> {
  const { carrier } = ports;
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'hold',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { participant, on: true },
    request: () =>
      aboutSomebody(carrier, callId, participant, () => carrier.hold(callId, participant, operationContext)),
    endsWith: () => ({}),
    order,
  });
}

/** He is in the call again. @throws {ParleyError} */
export function unhold(
  ports: OperationPorts,
  of: OperationOf,
  participant: PartyId,
  order?: SessionCommand,
): Promise<boolean> {
  const { carrier } = ports;
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'hold',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { participant, on: false },
    request: () =>
      aboutSomebody(carrier, callId, participant, () => carrier.unhold(callId, participant, operationContext)),
    endsWith: () => ({}),
    order,
  });
}

/** Of `Operation.data`: who is on hold from now on, or no more. */
export const heldData = z.object({ participant: z.string(), on: z.boolean() });

/** Whether the last thing that was done with somebody was to put him on hold. */
export function isOnHold(operations: readonly Operation[], participant: PartyId): boolean {
  const held = operations.flatMap(({ kind, state, data }) =>
    kind === 'hold' && state === 'succeeded' ? (heldData.safeParse(data).data ?? []) : [],
  );
  return held.findLast((each) => each.participant === participant)?.on ?? false;
}
