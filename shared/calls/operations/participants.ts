import type { PartyId } from '../../carrier/carrier.ts';
import { failedAs } from '../../carrier/carrier-error.ts';
import { ParleyError } from '../../errors.ts';
import { isSettled, type Operation } from '../operation-ledger.ts';
import { nobodyComes, pauseForNewcomer } from './newcomer.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';
import { aboutSomebody, isThere } from './who-is-there.ts';

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

/**
 * Rings somebody, who comes into the call where he answers. A recording of it pauses until he was told.
 * @throws {ParleyError} `calls.participant-there`, `calls.no-source-number`, and what the carrier fails with
 */
export function addParticipant(
  ports: OperationPorts,
  of: OperationOf,
  { target, ringS, source }: Added,
): Promise<boolean> {
  const { callId, operationContext } = of;
  let isPaused = false;
  return operate(ports, of, {
    kind: 'add-participant',
    deadlineMs: ringS * 1000 + AFTER_RINGING_MS,
    data: { target },
    alone: { slot: `add:${target}`, refusal: participantThere },
    request: async () => {
      // Nothing is paused for one who is there.
      if (await isThere(ports.carrier, callId, target)) throw participantThere();
      isPaused = await pauseForNewcomer(ports, of);
      try {
        return await ports.carrier.addParticipant(callId, { target, operationContext, ringS, source });
      } catch (error) {
        const lacksSource = failedAs(error, 'refused') && source === undefined && target.startsWith('+');
        throw lacksSource ? noSourceNumber(error) : error;
      }
    },
    orderIfFailed: () => (isPaused ? nobodyComes(operationContext) : undefined),
  });
}

export const participantThere = () =>
  new ParleyError('calls.participant-there', 'He is in the call already, or is being rung.');

/** A call of Teams Phone has no number of its own. Said only where the carrier refuses: it may know one. */
const noSourceNumber = (cause: unknown) =>
  new ParleyError(
    'calls.no-source-number',
    'The carrier refused to ring a telephone from a call in which our side has no number, as in Teams Phone. Set ACS_SOURCE_NUMBER: the number that such telephones are shown.',
    { cause },
  );

/** He is being rung, or it is not known what came of it. */
export const isRung = (operations: readonly Operation[], target: PartyId): boolean =>
  operations.some(({ kind, state, data }) => kind === 'add-participant' && data.target === target && !isSettled(state));

/** Has somebody leave the call. @throws {ParleyError} */
export function removeParticipant(ports: OperationPorts, of: OperationOf, participant: PartyId): Promise<boolean> {
  const { callId, operationContext } = of;
  return operate(ports, of, {
    kind: 'remove-participant',
    deadlineMs: REMOVED_WITHIN_MS,
    data: { participant },
    request: () =>
      aboutSomebody(ports.carrier, callId, participant, () =>
        ports.carrier.removeParticipant(callId, participant, operationContext),
      ),
  });
}
