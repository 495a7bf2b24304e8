import type { PartyId } from '../../carrier/carrier.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';

/** How long after the ringing the event that tells of it may take. */
const AFTER_RINGING_MS = 60_000;
const REMOVED_WITHIN_MS = 120_000;

interface Added {
  readonly target: PartyId;
  /** How long it rings. */
  readonly ringS: number;
  /** Our number, which a telephone shows. */
  readonly source?: PartyId | undefined;
}

/** Rings somebody, who comes into the call where he answers. */
export function addParticipant(
  ports: OperationPorts,
  of: OperationOf,
  { target, ringS, source }: Added,
): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'add-participant',
    deadlineMs: ringS * 1000 + AFTER_RINGING_MS,
    data: { target },
    request: () => ports.carrier.addParticipant(callId, { target, operationContext, ringS, source }),
  });
}

/** Has somebody leave the call. */
export function removeParticipant(ports: OperationPorts, of: OperationOf, participant: PartyId): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'remove-participant',
    deadlineMs: REMOVED_WITHIN_MS,
    data: { participant },
    request: () => ports.carrier.removeParticipant(callId, participant, operationContext),
  });
}
