import { unhold } from '../../shared/calls/operations/hold.ts';
import type { OperationOf, OperationPorts } from '../../shared/calls/operations/operate.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';

const TRIES = 12;

export interface TakeOffHoldOptions {
  readonly clock: Clock;
  /** Of waits that grow: from the first failure to the second try. */
  readonly waitMs: number;
  /** Nobody is to be taken off hold from here any more. */
  readonly isOver: () => boolean;
}

/**
 * Takes somebody off hold. Who is left there is lost, so it is tried for half a minute, each time under a name of its own: what
 * another host, or an earlier try, has begun may not have been done.
 * @throws {CarrierError} the last refusal
 */
export async function takeOffHold(
  ports: OperationPorts,
  of: OperationOf,
  who: PartyId,
  { clock, waitMs, isOver }: TakeOffHoldOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const operationContext = `${of.operationContext}.unhold-${clock.wallMs()}-${attempt}`;
    try {
      await takeOff(ports, { ...of, operationContext, askedBy: 'engine' }, who);
      return;
    } catch (error) {
      if (attempt >= TRIES || isOver() || failedAs(error, 'gone')) throw error;
      await new Promise<void>((resolve) => clock.after(waitMs * attempt, resolve));
      // By now the call may be another host's.
      if (isOver()) throw error;
    }
  }
}

/** A Redis that is away cannot note it, and is no reason to leave him there: the carrier's answer is all that is told of it. */
async function takeOff(ports: OperationPorts, of: OperationOf, who: PartyId): Promise<void> {
  try {
    await unhold(ports, of, who);
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    await ports.carrier.unhold(of.callId, who, of.operationContext);
  }
}
