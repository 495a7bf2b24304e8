import type { PartyId } from '../../carrier/carrier.ts';
import type { TransferWish } from '../call-wish.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';

/** ACS gives a transfer 60 s to be accepted; the event may be a little behind. */
const SETTLED_WITHIN_MS = 65_000;
/** Of a warm one: what comes before and after the ringing. */
const WARM_AROUND_MS = 180_000;

interface Parties {
  /** Who is handed on; needed where more than two are in the call. */
  readonly transferee?: PartyId | undefined;
  /** Our number, by which the human is called. */
  readonly source?: PartyId | undefined;
}

/** Hands the caller on. Our leg goes with it where the human answers; else the agent still has him. */
export function transferBlind(
  ports: OperationPorts,
  of: OperationOf,
  { target, timeoutS }: TransferWish,
  parties: Parties,
): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'transfer',
    deadlineMs: Math.max(SETTLED_WITHIN_MS, timeoutS * 1000),
    data: { how: 'blind', target },
    request: () => ports.carrier.transfer(callId, { target, operationContext, ...parties }),
  });
}

/**
 * Enters a warm transfer in the ledger: its steps are operations of their own, and whoever holds the call carries them out
 * (`stream-host/session/warm-transfer.ts`).
 */
export function beginWarmTransfer(
  { ledger }: OperationPorts,
  { sessionId, operationContext, askedBy }: OperationOf,
  { target, timeoutS, summary }: TransferWish,
): Promise<boolean> {
  return ledger.begin({
    sessionId,
    operationContext,
    kind: 'transfer',
    deadlineMs: timeoutS * 1000 + WARM_AROUND_MS,
    data: { how: 'warm', target, timeoutS, ...(summary !== undefined && { summary }), askedBy },
  });
}
