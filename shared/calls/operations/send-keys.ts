import type { PartyId } from '../../carrier/carrier.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';
import { aboutSomebody } from './who-is-there.ts';

/** A long row is pressed for some seconds. */
const SETTLED_WITHIN_MS = 60_000;

/** Presses keys towards somebody in the call. Which they are stands nowhere: they may open something. */
export function sendKeys(ports: OperationPorts, of: OperationOf, keys: string, to: PartyId): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'send-keys',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { count: keys.length },
    request: () =>
      aboutSomebody(ports.carrier, callId, to, () => ports.carrier.sendKeys(callId, keys, to, operationContext)),
  });
}
