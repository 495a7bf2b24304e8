import { isOver } from '../../shared/calls/call-state.ts';
import { endCall } from '../../shared/calls/media-recovery.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Answer } from '../../shared/http/route.ts';
import { hangUpCall } from '../../shared/http/routes/calls.ts';
import type { Logger } from '../../shared/log.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { SPAN } from '../../shared/telemetry/names.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { callNotFound, lookUpSession } from './find-session.ts';

/** Ends a call for everybody, or a browser's session. */
export const hangupRoute = functionRoute(hangUpCall, ({ params }, parts, log) => hangUpById(params.id, parts, log));

const REASON = 'hangup-requested';

/** @param id of the session, or of the call connection */
export async function hangUpById(id: string, parts: Parts, log: Logger): Promise<Answer<typeof hangUpCall>> {
  const session = await lookUpSession(parts.store, id);
  if (session === undefined) return hangUpUnknown(id, parts, log);
  const answer = (status: string, message: string): Answer<typeof hangUpCall> => ({
    status: 200,
    body: { call_id: session.callConnectionId ?? session.id, session_id: session.id, status, message },
  });
  parts.traces.belongsTo(session.id);
  if (isOver(session.status)) return answer(session.status, 'The call was over already');
  if (session.channel === 'phone' && session.callConnectionId === undefined) {
    throw new ParleyError('calls.not-established', 'The call is being set up; hang up in a moment.');
  }
  // First the reason: media that stops now must not be taken for a fault and started again.
  await parts.store.update(session.id, ({ endReason }) => (endReason ? undefined : { endReason: REASON }));
  await parts.store.append(session.id, { type: 'call.hangup-requested', source: 'functions', data: {} });
  const stood = await parts.traces.within(session.id, SPAN.hangUp, () => end(session, parts));
  log.info({ session: session.id, call: session.callConnectionId, stood }, 'hang-up requested');
  return stood ? answer('disconnecting', 'Hanging up') : answer('disconnected', 'The call was over already');
}

/** Redis may have lost the session while its call stands: by its connection id it can be ended all the same. */
async function hangUpUnknown(id: string, { calls }: Parts, log: Logger): Promise<Answer<typeof hangUpCall>> {
  if (!isSessionId(id) || !(await endCall(calls, id))) throw callNotFound();
  log.warn({ call: id }, 'hang-up of a call without a session');
  return {
    status: 200,
    body: { call_id: id, session_id: null, status: 'disconnecting', message: 'Hanging up' },
  };
}

/** @returns whether there still was a call to end */
async function end(session: Session, parts: Parts): Promise<boolean> {
  if (session.callConnectionId === undefined) {
    await parts.store.command(session.id, { type: 'end', reason: REASON });
    return true;
  }
  if (await parts.calls.end(session.callConnectionId)) return true;
  // Its CallDisconnected was lost, or is on its way; whoever asks for the call now should see that it is over.
  await parts.work.tell(session.id, {
    kind: 'ended',
    id: `gone:${session.callConnectionId}`,
    name: 'call.gone',
    at: parts.clock.wallMs(),
    callId: session.callConnectionId,
  });
  return false;
}
