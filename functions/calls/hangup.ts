import { CallControlError } from '../../shared/call-control/call-control-error.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { hangUpCall } from '../../shared/http/routes/calls.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { isOver } from './call-status.ts';
import { findSession } from './find-session.ts';

/** Ends a call for everybody, or a browser's session. */
export const hangupRoute = functionRoute(hangUpCall, hangUp);

const REASON = 'hangup-requested';

async function hangUp(
  { params }: Input<typeof hangUpCall>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof hangUpCall>> {
  const session = await findSession(parts.store, params.id);
  const answer = (status: string, message: string): Answer<typeof hangUpCall> => ({
    status: 200,
    body: { call_id: session.callConnectionId ?? session.id, session_id: session.id, status, message },
  });
  if (isOver(session.status)) return answer(session.status, 'The call was over already');
  if (session.channel === 'phone' && session.callConnectionId === undefined) {
    throw new ParleyError('calls.not-established', 'The call is being set up; hang up in a moment.');
  }
  // First the reason: media that stops now must not be taken for a fault and started again.
  await parts.store.update(session.id, ({ endReason }) => (endReason ? undefined : { endReason: REASON }));
  await parts.store.append(session.id, { type: 'call.hangup-requested', source: 'functions', data: {} });
  const stood = await end(session, parts);
  log.info({ session: session.id, call: session.callConnectionId, stood }, 'hang-up requested');
  return stood ? answer('disconnecting', 'Hanging up') : answer('disconnected', 'The call was over already');
}

/** @returns whether there still was a call to end */
async function end(session: Session, parts: Parts): Promise<boolean> {
  if (session.callConnectionId === undefined) {
    await parts.store.command(session.id, { type: 'end', reason: REASON });
    return true;
  }
  try {
    await parts.calls.hangUp(session.callConnectionId);
    return true;
  } catch (error) {
    if (!(error instanceof CallControlError) || error.code !== 'acs.call-gone') throw error;
    // Its CallDisconnected was lost, or is on its way; whoever asks for the call now should see that it is over.
    await parts.store.update(session.id, ({ status, endedAt }) =>
      isOver(status) ? undefined : { status: 'disconnected', endedAt: endedAt ?? Date.now() },
    );
    return false;
  }
}
