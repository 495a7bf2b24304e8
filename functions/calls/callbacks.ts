import type { CallEvent } from '../../shared/carrier/call-events.ts';
import { DependencyError } from '../../shared/errors.ts';
import { eventsOf } from '../../shared/http/request-body.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { takeCallbacks } from '../../shared/http/routes/webhooks.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { applyCallEvent } from './call-event.ts';
import { endCall } from './media-recovery.ts';

/** What ACS tells of calls that stand. The proof of the sender is its token. */
export const callbacksRoute = functionRoute(takeCallbacks, take);

type Outcome = 'processed' | 'duplicate' | 'ignored';

async function take(
  { params, headers, body }: Input<typeof takeCallbacks>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof takeCallbacks>> {
  const counts: Record<Outcome, number> = { processed: 0, duplicate: 0, ignored: 0 };
  const failures: unknown[] = [];
  const events = eventsOf(body).map((event) => parts.calls.readEvent(event, parts.clock.wallMs()));
  // One after the other: the events of one delivery are mostly of one call, and in order.
  for (const event of events) {
    try {
      counts[await takeEvent(event, params.sessionId, parts, log)]++;
    } catch (error) {
      failures.push(error);
    }
  }
  for (const failure of failures.slice(1)) log.error({ err: failure }, 'one more event of the delivery failed');
  // ACS delivers all of it again. What has succeeded is remembered and not done twice.
  if (failures.length > 0) throw failures[0];
  return {
    status: 200,
    body: {
      status: 'success',
      processed_events: counts.processed,
      failed_events: 0,
      duplicate_events: counts.duplicate,
      ignored_events: counts.ignored,
      call_connection_id: events[0]?.callId ?? headers['x-ms-call-connection-id'] ?? null,
      processing_system: 'events_v1',
    },
  };
}

async function takeEvent(
  event: CallEvent | undefined,
  sessionId: string | undefined,
  parts: Parts,
  log: Logger,
): Promise<Outcome> {
  if (event === undefined) {
    log.warn('an event of a callback cannot be read');
    return 'ignored';
  }
  const callLog = log.child({ call: event.callId, event: event.name });
  if (event.kind === 'other') {
    callLog.info('an event of an unknown kind was passed over');
    return 'ignored';
  }
  const session =
    (sessionId === undefined ? undefined : await parts.store.get(sessionId)) ??
    (await parts.store.findByCall(event.callId));
  if (session === undefined) return takeEventOfUnknown(event, sessionId, parts, callLog);
  const eventLog = callLog.child({ session: session.id });
  const apply = () => applyCallEvent(session, event, parts, eventLog);
  const { first } = await parts.once.run(`callback:${event.callId}:${event.id}`, '', eventLog, apply);
  eventLog.debug(first ? 'call event processed' : `call event seen before`);
  return first ? 'processed' : 'duplicate';
}

/** How long a replica that still holds the session may take to write it again after Redis lost it. */
const RESTORE_GRACE_MS = 3_000;

/**
 * Redis has lost the session, or never had it. Where the address names one the call is ours, and its media being lost
 * means that nobody talks on it any more: no replica could take it up without its session.
 */
async function takeEventOfUnknown(
  event: CallEvent,
  sessionId: string | undefined,
  { store, clock, calls }: Parts,
  log: Logger,
): Promise<Outcome> {
  const mediaLost = (event.kind === 'media-stopped' || event.kind === 'media-failed') && !event.onPurpose;
  if (sessionId === undefined || !mediaLost) {
    log.warn({ session: sessionId }, 'an event of an unknown call was passed over');
    return 'ignored';
  }
  await new Promise<void>((resolve) => clock.after(RESTORE_GRACE_MS, resolve));
  if ((await store.get(sessionId)) !== undefined) {
    throw new DependencyError('session.restored', 'The session is back by now; deliver the event again.');
  }
  const stood = await endCall(calls, event.callId);
  log.error({ session: sessionId, stood }, 'a call whose session is lost has lost its media too; hung up');
  return 'processed';
}
