import { isOver } from '../../shared/calls/call-state.ts';
import { type EndReason, TRANSFERRED } from '../../shared/calls/end-reasons.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Answer } from '../../shared/http/route.ts';
import { hangUpCall } from '../../shared/http/routes/call-ends.ts';
import type { Logger } from '../../shared/log.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { SPAN } from '../../shared/telemetry/names.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { callNotFound, lookUpSession } from './find-session.ts';

/** Ends a call for everybody, or a browser's session. */
export const hangupRoute = functionRoute(hangUpCall, ({ params }, parts, log) => hangUpById(params.id, parts, log));

const REASON = 'hangup-requested' satisfies EndReason;
/** When the carrier is asked again; then at waits that grow (`CallWork`). */
const AGAIN_MS = 250;

const overOf = ({ endReason }: Session): string =>
  endReason === TRANSFERRED
    ? 'Our part in the call was over already: the caller was put through, and talks on without us. Nothing here ends that'
    : 'The call was over already';

type HungUp = Answer<typeof hangUpCall>;

/** @param id of the session, or of the call connection */
export async function hangUpById(id: string, parts: Parts, log: Logger): Promise<HungUp> {
  const session = await lookUpSession(parts.store, id);
  if (session === undefined) return hangUpUnknown(id, parts, log);
  const bodyOf = (status: string, message: string) => ({
    ...{ call_id: session.callConnectionId ?? session.id, session_id: session.id, status, message },
  });
  parts.traces.belongsTo(session.id);
  if (isOver(session.status)) return { status: 200, body: bodyOf(session.status, overOf(session)) };
  if (session.channel === 'phone' && session.callConnectionId === undefined) {
    throw new ParleyError('calls.not-established', 'The call is being set up; hang up in a moment.');
  }
  // First the reason: media that stops now must not be taken for a fault and started again.
  const { endReason } = session;
  await parts.store.update(session.id, (now) => (now.endReason ? undefined : { endReason: REASON }));
  await parts.store.append(session.id, { type: 'call.hangup-requested', source: 'functions', data: {} });
  try {
    const stood = await parts.traces.within(session.id, SPAN.hangUp, () => end(session, parts));
    log.info({ session: session.id, call: session.callConnectionId, stood }, 'hang-up requested');
    const [status, message] = stood ? ['disconnecting', 'Hanging up'] : ['disconnected', overOf(session)];
    return { status: 200, body: bodyOf(status ?? '', message ?? '') };
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error;
    if (!error.transient) {
      // It goes on, and nobody is to take it for one that is being ended.
      if (endReason === undefined)
        await parts.store.update(session.id, (now) => (now.endReason === REASON ? { endReason: '' } : undefined));
      throw error;
    }
    await endLater(session, parts);
    log.warn({ session: session.id, code: error.code }, 'a hang-up did not get through; it is tried until it does');
    return { status: 202, body: bodyOf('disconnecting', 'ACS did not take it; it is asked until the call is over') };
  }
}

/** Whoever talks on the call says nothing more, and ACS is asked, by whichever process lives, until it has confirmed it. */
async function endLater(session: Session, { store, todo }: Parts): Promise<void> {
  await todo.enter(session.id, 'hang-up', AGAIN_MS, { callId: session.callConnectionId });
  await store.command(session.id, { type: 'end', reason: REASON });
}

/** Redis may have lost the session while its call stands: by its connection id it can be ended all the same. */
async function hangUpUnknown(id: string, { calls }: Parts, log: Logger): Promise<HungUp> {
  if (!isSessionId(id) || !(await calls.end(id))) throw callNotFound();
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
