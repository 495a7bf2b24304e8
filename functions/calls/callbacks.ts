import type { Visit } from '../../shared/calls/call-work.ts';
import type { CallEvent } from '../../shared/carrier/call-events.ts';
import { messageOf } from '../../shared/errors.ts';
import { eventsOf } from '../../shared/http/request-body.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { takeCallbacks } from '../../shared/http/routes/webhooks.ts';
import type { Logger } from '../../shared/log.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import { ATTRIBUTE } from '../../shared/telemetry/names.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';

/** What the carrier tells of calls that stand. The proof of the sender is its token. */
export const callbacksRoute = functionRoute(takeCallbacks, take);

/** How much longer a delivery may take by what follows from it, where a stream host lives that does the rest. */
const INLINE_MS = 200;
/** The same where none does: what is due by then is waited for. */
const ALONE_MS = 5_000;

interface Counts {
  processed: number;
  duplicate: number;
  ignored: number;
}

async function take(
  { params, headers, body }: Input<typeof takeCallbacks>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof takeCallbacks>> {
  const counts: Counts = { processed: 0, duplicate: 0, ignored: 0 };
  const events = eventsOf(body).map((event) => parts.calls.readEvent(event, parts.clock.wallMs()));
  const bySession = new Map<string, CallEvent[]>();
  for (const event of events) {
    const id = await sessionOf(event, params.sessionId, parts, log);
    if (id === undefined || event === undefined) counts.ignored++;
    else bySession.set(id, [...(bySession.get(id) ?? []), event]);
  }
  const taken = await Promise.allSettled(
    [...bySession].map(([id, told]) =>
      parts.traces.requestOf(id, () => takeEvents(id, told, counts, parts, log.child({ session: id }))),
    ),
  );
  const failures = taken.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
  for (const failure of failures.slice(1)) log.error({ err: failure }, 'the events of one more call failed');
  // All of it is delivered again. What is written down is known by then, and what is left of it is done.
  if (failures.length > 0) throw failures[0];
  return {
    status: 200,
    body: {
      status: 'success',
      processed_events: counts.processed,
      failed_events: 0,
      duplicate_events: counts.duplicate,
      ignored_events: counts.ignored,
      call_connection_id:
        events.find((event) => event !== undefined)?.callId ?? headers['x-ms-call-connection-id'] ?? null,
      processing_system: 'events_v1',
    },
  };
}

/** Undefined where an event is none of ours, or of a kind that has no effect. */
async function sessionOf(
  event: CallEvent | undefined,
  named: string | undefined,
  { store }: Parts,
  log: Logger,
): Promise<string | undefined> {
  if (event === undefined) {
    log.warn('an event of a callback cannot be read');
    return undefined;
  }
  const callLog = log.child({ call: event.callId, event: event.name });
  if (event.kind === 'other') {
    callLog.info('an event of an unknown type was passed over');
    return undefined;
  }
  if (named !== undefined && isSessionId(named)) return named;
  const session = await store.findByCall(event.callId);
  if (session === undefined) callLog.warn('an event of an unknown call was passed over');
  return session?.id;
}

/** Writes the events of one call down, then takes them in. @throws {ParleyError} deliver them again */
async function takeEvents(
  sessionId: string,
  events: readonly CallEvent[],
  counts: Counts,
  parts: Parts,
  log: Logger,
): Promise<void> {
  parts.traces.tell({ attributes: { [ATTRIBUTE.event]: [...new Set(events.map(({ name }) => name))].join(' ') } });
  const fresh = await parts.inbox.append(sessionId, events);
  const { taken, passedOver } = await takeIn(sessionId, parts, log);
  for (const [i, { id }] of events.entries()) {
    const isFirst = events.findIndex((event) => event.id === id) === i;
    if (isFirst && passedOver.includes(id)) counts.ignored++;
    else if (fresh[i] || (isFirst && taken.includes(id))) counts.processed++;
    else counts.duplicate++;
  }
}

/**
 * Takes the events of a call in, and does what follows, as far as that is quick. Where no stream host is alive to do the rest,
 * it takes its time, and what fails makes the sender come again.
 */
async function takeIn(sessionId: string, { store, work, clock }: Parts, log: Logger): Promise<Visit> {
  const late = Promise.withResolvers<Visit>();
  const found = { alone: false };
  const visiting = work.visit(sessionId, async () => {
    found.alone = (await store.hosts.count()) === 0;
    if (found.alone) return ALONE_MS;
    clock.after(INLINE_MS, () => late.resolve({ taken: [], passedOver: [], busy: true }));
    return INLINE_MS;
  });
  visiting.catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'the events are left to others'));
  const visit = await Promise.race([visiting, late.promise]);
  if (found.alone && visit.failure !== undefined) throw visit.failure;
  return visit;
}
