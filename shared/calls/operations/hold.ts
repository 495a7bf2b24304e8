import type { PartyId } from '../../carrier/carrier.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';

/** What is told of it beyond the carrier's answer is told at once. */
const SETTLED_WITHIN_MS = 30_000;

/** Somebody waits: he neither hears nor is heard. Done with the carrier's answer. */
export function hold(ports: OperationPorts, of: OperationOf, participant: PartyId): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'hold',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { participant, on: true },
    request: () => ports.carrier.hold(callId, participant, operationContext),
    endsWith: () => ({}),
  });
}

/** He is in the call again. */
export function unhold(ports: OperationPorts, of: OperationOf, participant: PartyId): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'hold',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { participant, on: false },
    request: () => ports.carrier.unhold(callId, participant, operationContext),
    endsWith: () => ({}),
  });
}
