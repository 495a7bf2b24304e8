import { z } from 'zod';
import type { PartyId } from '../../carrier/carrier.ts';
import { ParleyError } from '../../errors.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import type { TransferWish } from '../call-wish.ts';
import { TRANSFER_LOOK_MS } from '../early-look.ts';
import { isSettled, type Operation } from '../operation-ledger.ts';
import { hasOthers } from '../parties.ts';
import { nobodyComes, pauseForNewcomer } from './newcomer.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';
import { isRung, participantThere } from './participants.ts';
import { aboutSomebody, isSame, whoIsThere } from './who-is-there.ts';

/** ACS itself gives a transfer 60 s to be accepted, and takes no other time; the event may be a little behind. */
const SETTLED_WITHIN_MS = 65_000;
/** Of a warm one: what comes before and after the ringing. */
const WARM_AROUND_MS = 180_000;

interface Parties {
  /** Who is handed on; the carrier must be told so where more than two are in the call. */
  readonly caller: PartyId;
  /** Our number, by which the human is called. */
  readonly source?: PartyId | undefined;
}

/** A call has one transfer at a time, whoever wants it. */
const ALONE = { slot: 'transfer', refusal: () => transferRunning() };

export const transferRunning = () =>
  new ParleyError('calls.transfer-running', 'The caller is being put through already.');

/** The transfer that goes on in a call. */
export const openTransfer = (operations: readonly Operation[]): Operation | undefined =>
  operations.findLast(({ kind, state }) => kind === 'transfer' && !isSettled(state));

/** Whoever carries the warm transfer out that goes on in a call sees to it. */
export const isStepOfOpen = (operations: readonly Operation[], operationContext: string): boolean => {
  const open = openTransfer(operations);
  return open !== undefined && operationContext.startsWith(`${open.operationContext}.`);
};

/**
 * A human has the caller, and whoever carried that out may have died before he had left the two alone. Of a blind one the
 * carrier tells.
 */
export const isPutThrough = (operations: readonly Operation[]): boolean => {
  const last = operations.findLast(({ kind }) => kind === 'transfer');
  return last?.state === 'succeeded' && last.data.how === 'warm';
};

/**
 * Nobody is rung twice, nor called out of the call that he is in.
 * @throws {ParleyError} `calls.participant-there`
 */
async function requireAbsent({ carrier, ledger }: OperationPorts, of: OperationOf, target: PartyId) {
  const operations = await ledger.list(of.sessionId);
  const isNew = operations.every(({ operationContext }) => operationContext !== of.operationContext);
  if (isNew && isRung(operations, target)) throw participantThere();
  const present = isNew ? await whoIsThere(carrier, of.callId) : undefined;
  if (present?.some((id) => isSame(id, target))) throw participantThere();
  return { operations, present };
}

/** The caller and us are two. */
const TWO = 2;

/**
 * Hands the caller on. Our leg goes with it where the human answers; else the agent still has him.
 * @throws {ParleyError} `calls.transfer-running`, `calls.participant-there`, and what the carrier fails with
 */
export async function transferBlind(
  ports: OperationPorts,
  of: OperationOf,
  { target }: Pick<TransferWish, 'target'>,
  { caller, source }: Parties,
): Promise<boolean> {
  const { callId, operationContext } = of;
  const { operations, present = [] } = await requireAbsent(ports, of, target);
  // The ledger may be lost while others are in the call.
  const transferee = hasOthers(operations) || present.length > TWO ? caller : undefined;
  let isPaused = false;
  return operate(ports, of, {
    kind: 'transfer',
    deadlineMs: SETTLED_WITHIN_MS,
    lookMs: TRANSFER_LOOK_MS,
    data: { how: 'blind', target },
    alone: ALONE,
    request: async () => {
      // Nobody tells the human that he is recorded.
      isPaused = await pauseForNewcomer(ports, of);
      const request = () => ports.carrier.transfer(callId, { target, operationContext, source, transferee });
      return transferee === undefined ? request() : aboutSomebody(ports.carrier, callId, transferee, request);
    },
    orderIfFailed: () => (isPaused ? nobodyComes(operationContext) : undefined),
  });
}

/**
 * Enters a warm transfer in the ledger: its steps are operations of their own, and whoever holds the call carries them out
 * (`stream-host/session/warm-transfer.ts`).
 * @param order what that one is told, where it is somebody else who enters it
 * @throws {ParleyError} `calls.transfer-running`, `calls.participant-there`
 */
export async function beginWarmTransfer(
  ports: OperationPorts,
  of: OperationOf,
  { target, timeoutS, summary }: TransferWish,
  order?: SessionCommand,
): Promise<boolean> {
  const { sessionId, operationContext, askedBy } = of;
  await requireAbsent(ports, of, target);
  return ports.ledger.begin({
    sessionId,
    operationContext,
    kind: 'transfer',
    deadlineMs: timeoutS * 1000 + WARM_AROUND_MS,
    data: { how: 'warm', target, timeoutS, ...(summary !== undefined && { summary }), askedBy },
    alone: ALONE,
    order,
  });
}

/** Of `Operation.data`: what was wanted, for a host that goes on with it. */
export const transferData = z.object({
  how: z.enum(['blind', 'warm']),
  target: z.string(),
  timeoutS: z.number().default(0),
  summary: z.string().optional(),
  askedBy: z.enum(['api', 'agent', 'engine']),
});
