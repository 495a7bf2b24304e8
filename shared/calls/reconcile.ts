import type { RecordingState } from '../carrier/call-events.ts';
import type { Carrier } from '../carrier/carrier.ts';
import { failedAs } from '../carrier/carrier-error.ts';
import type { Session } from '../sessions/session.ts';
import { isOver } from './call-state.ts';
import { type EndReason, TRANSFERRED } from './end-reasons.ts';
import type { Operation, Settlement } from './operation-ledger.ts';
import { isStart } from './operations/recording-state.ts';

/** What is asked of a carrier whose event stayed away. */
export type CarrierState = Pick<Carrier, 'state' | 'participants' | 'recordingState'>;

/**
 * How an operation has ended, by how things stand now. What nothing tells is `unknown`, which an event that comes after all
 * still settles.
 *
 * What is looked at of `operation.data`: `target` of somebody who is added, `participant` of one who is removed or put on hold,
 * `on` (false: taken off hold), and `recordingId` and `action` of a recording.
 * @throws {CarrierError} transient: ask again
 */
export async function reconcile(
  operation: Operation,
  session: Session | undefined,
  carrier: CarrierState,
): Promise<Settlement> {
  const told = (state: Settlement['state'], message: string): Settlement => ({
    operationContext: operation.operationContext,
    state,
    result: { message },
  });
  const callId = session?.callConnectionId;
  if (session === undefined || callId === undefined || isOver(session.status)) {
    if (operation.kind === 'collect-keys') return keysBrokenOff(operation, session);
    // The carrier was not asked yet.
    if (isStart(operation) && operation.state === 'asked') return told('failed', 'recording.notice-unheard');
    if (operation.kind === 'transfer') return transferAtEnd(operation, session);
    return told('unknown', 'The call was over before anybody said how this ended.');
  }
  try {
    const done = await isDone(operation, callId, carrier);
    if (done === undefined) return told('unknown', 'Nobody said how this ended.');
    return done
      ? told('succeeded', 'No event came; it is so by now.')
      : told('failed', 'No event came, and it is not so.');
  } catch (error) {
    if (failedAs(error, 'gone')) return told('unknown', 'The call was over before anybody said how this ended.');
    if (failedAs(error, 'refused') || failedAs(error, 'not-supported')) {
      return told('unknown', 'The carrier does not say how this ended.');
    }
    throw error;
  }
}

/** Nobody tells of the end of these: whoever collects them cannot know that a line which is lost was the call. */
function keysBrokenOff({ operationContext }: Operation, session: Session | undefined): Settlement {
  const open = session?.keys?.open;
  const attempts = open?.id === operationContext ? open.attempts : 0;
  const data = { status: 'call_over', attempts };
  return { operationContext, state: 'failed', result: { message: data.status, data } };
}

/** The end of the call tells how a transfer ended: where we were left out of it, or because nobody waits for it any more. */
function transferAtEnd({ operationContext, data }: Operation, session: Session | undefined): Settlement {
  const told = (state: Settlement['state'], message: string) => ({ operationContext, state, result: { message } });
  const { endReason } = session ?? {};
  if (endReason === TRANSFERRED) return told('succeeded', 'No event came; the call was handed on.');
  if (endReason === 'caller-ended' || endReason === 'nobody-left')
    return told('failed', 'caller-left' satisfies EndReason);
  // Whoever carries a warm one out would have noted before that it has come about.
  const isKnown = endReason !== undefined && (data.how === 'warm' || endReason !== 'carrier-ended');
  if (isKnown) return told('failed', endReason);
  return told('unknown', 'The call was over before anybody said how this ended.');
}

/** Undefined where nothing that can be asked tells it. */
async function isDone({ kind, data }: Operation, callId: string, carrier: CarrierState): Promise<boolean | undefined> {
  const who = data.participant ?? data.target;
  switch (kind) {
    case 'transfer':
      // Our leg would be gone.
      return (await carrier.state(callId)) === 'connected' ? false : undefined;
    case 'add-participant':
      return (await carrier.participants(callId)).some(({ id }) => id === who);
    case 'remove-participant':
      return (await carrier.participants(callId)).every(({ id }) => id !== who);
    case 'hold': {
      const held = (await carrier.participants(callId)).find(({ id }) => id === who);
      return held?.onHold === (data.on ?? true);
    }
    case 'recording':
      if (typeof data.recordingId !== 'string') return undefined;
      return isRecordedAs(data.action, await recordingStateNow(data.recordingId, carrier));
    default:
      return undefined;
  }
}

/** `gone`: it has ended. */
export type RecordingNow = RecordingState | 'gone';

export async function recordingStateNow(
  recordingId: string,
  carrier: Pick<Carrier, 'recordingState'>,
): Promise<RecordingNow> {
  try {
    return await carrier.recordingState(recordingId);
  } catch (error) {
    if (failedAs(error, 'gone')) return 'gone';
    throw error;
  }
}

/** A recording that is paused is inactive, too: so it may stand, stopped or not. */
function isRecordedAs(action: unknown, now: RecordingNow): boolean | undefined {
  if (action === 'resume') return now === 'active';
  if (action === 'pause') return now === 'inactive';
  return now === 'inactive' ? undefined : now === 'gone';
}
