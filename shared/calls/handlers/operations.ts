import { isOver } from '../call-state.ts';
import { TRANSFERRED } from '../end-reasons.ts';
import { operationEnded } from '../host-commands.ts';
import type { OperationState } from '../operation-ledger.ts';
import { recordingTask } from '../recording-told.ts';
import type { Handler } from './consequences.ts';

/** How something ended that was asked of the carrier. */
const settles =
  (state: OperationState): Handler =>
  (session, event) => {
    const { operationContext, result } = event;
    if (operationContext === undefined || !('operation' in event)) return {};
    const overrides = state === 'failed' && { overrides: true };
    const settlement = { operationContext, state, result: { ...result }, ...overrides };
    // Whoever talks on the call may wait for it.
    return { settled: [settlement], ...(!isOver(session.status) && { commands: [operationEnded(settlement)] }) };
  };

/** ACS names no operation where a recording fails that it had accepted: which one it was is found out after. */
export const operationFailed: Handler = (session, event) => {
  const isUnnamed = event.operationContext === undefined && 'operation' in event && event.operation === 'recording';
  if (!isUnnamed) return settles('failed')(session, event);
  const { recordingId, result } = event;
  return { told: { recordingId }, tasks: [recordingTask(event, { recordingId, state: 'failed', result })] };
};

/** Handed to somebody else, the call goes on without us: that its media ends now is no loss, and nothing is hung up. */
export const operationSucceeded: Handler = (session, event) => {
  const isTransfer = 'operation' in event && event.operation === 'transfer';
  const isOurs = isTransfer && !isOver(session.status) && session.endReason === undefined;
  return { ...settles('succeeded')(session, event), ...(isOurs && { patch: { endReason: TRANSFERRED } }) };
};

/** What a recording has come to, by the operation that asked for it where the event names one. */
export const recordingChanged: Handler = (_, event) => {
  if (event.kind !== 'recording-state') return {};
  const { operationContext, recordingId, state } = event;
  return {
    told: { recordingId, state },
    ...(operationContext === undefined
      ? { tasks: [recordingTask(event, { recordingId, state, result: event.result })] }
      : { settled: [{ operationContext, state: 'succeeded' }] }),
  };
};

/** Who is in the call now. Whoever talks on it may wait for somebody, or have somebody wait. */
export const participantsChanged: Handler = (session, event) => {
  if (event.kind !== 'participants') return {};
  const { participants, sequence } = event;
  const ids = participants.map(({ id }) => id);
  const command = { type: 'participants', ids, ...(sequence !== undefined && { sequence }) } as const;
  return { told: { participants: ids.length }, ...(!isOver(session.status) && { commands: [command] }) };
};
