import type { CallEvent } from '../../shared/carrier/call-events.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { messageOf, NotFoundError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import type { Parts } from '../composition.ts';
import { endsCall, isOver, patchFor } from './call-status.ts';

/**
 * Carries one mid-call event into the session and does what follows from it.
 * @throws {ParleyError} with status 503 where the event should be delivered again
 */
export async function applyCallEvent(before: Session, event: CallEvent, parts: Parts, log: Logger): Promise<void> {
  const { store } = parts;
  const bound = await bindOwn(before, event, store);
  if (bound === undefined) {
    // An answer whose response got lost was made again: two calls name one session, and the first one has it.
    log.warn('an event of another call than the session’s own was passed over');
    return;
  }
  const session = await store.update(before.id, (current) => patchFor(current, event), bound);
  await store.append(session.id, { type: event.name, source: 'functions', data: dataOf(event) });

  if (event.kind === 'connected' && session.status === 'failed') {
    await hangUpOrphan(event.callId, parts, log);
  } else if (event.kind === 'media-stopped' || event.kind === 'media-failed') {
    await parts.mediaRecovery.mediaLost(session, event.callId, event, log);
  } else if (event.kind === 'transcription-stopped' || event.kind === 'transcription-failed') {
    await parts.mediaRecovery.wordsLost(session, event.callId, event, log);
  } else if (isOver(session.status) && !isOver(before.status)) {
    log.info({ status: session.status, reason: session.endReason }, 'call over');
    await store.hosts.giveBack(session.id);
    // ACS closes the media socket too; this is for the replica that does not notice.
    await store.command(session.id, { type: 'end', reason: session.endReason ?? session.status });
  }
  // The session may be over since its host lost the line: the bill ends with the call.
  if (endsCall(event.kind)) await settle(session, parts, log);
}

/** What the call did not use of its price may be used by others. Without that it stays counted for the day. */
async function settle(session: Session, { gate, once }: Parts, log: Logger): Promise<void> {
  if (!gate.settles(session)) return;
  await once
    .run(`outbound-settled:${session.id}`, '', log, () => gate.settle(session))
    .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'a call stays counted with its longest time'));
}

/** Undefined where the event is of another call than the session's. */
async function bindOwn(session: Session, event: CallEvent, store: SessionStore): Promise<Session | undefined> {
  const { callId: callConnectionId, serverCallId, correlationId } = event;
  const ids = {
    callConnectionId,
    ...(serverCallId !== undefined && { serverCallId }),
    ...(correlationId !== undefined && { correlationId }),
  };
  try {
    return await store.bind(session.id, ids);
  } catch (error) {
    if (error instanceof NotFoundError && error.code === 'call.mismatch') return undefined;
    throw error;
  }
}

/** We gave the call up as failed (its request got no answer), but it stands: nobody would ever talk on it. */
async function hangUpOrphan(callConnectionId: string, parts: Parts, log: Logger): Promise<void> {
  log.warn('a call given up as failed has connected; hanging up');
  try {
    await parts.calls.hangUp(callConnectionId);
  } catch (error) {
    if (!(error instanceof CarrierError) || error.transient) throw error;
    log.info({ reason: messageOf(error) }, 'the call was over already');
  }
}

function dataOf(event: CallEvent): Record<string, unknown> {
  const { callId: callConnectionId, operationContext, result } = event;
  const mediaDetails = 'details' in event ? event.details : undefined;
  const data = { callConnectionId, operationContext, result, mediaDetails, at: new Date(event.at).toISOString() };
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
