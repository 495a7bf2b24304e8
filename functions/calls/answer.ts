import type { Announcement } from '../../shared/carrier/announcement.ts';
import { messageOf, RequestError } from '../../shared/errors.ts';
import { eventsOf } from '../../shared/http/request-body.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { allowDelivery, takeIncomingCalls } from '../../shared/http/routes/webhooks.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { takeIncomingCall } from './incoming-call.ts';

/** Where Event Grid delivers ringing calls, in its own schema or as CloudEvents. */
export const takeIncomingCallsRoute = functionRoute(takeIncomingCalls, take);

/**
 * The CloudEvents handshake: Event Grid asks whether it may deliver, and is told so.
 * (https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection)
 */
export const allowDeliveryRoute = functionRoute(allowDelivery, async ({ headers }) => {
  const origin = headers['webhook-request-origin'];
  if (origin === undefined) throw new RequestError('events.no-origin', 'Name the sender in WebHook-Request-Origin.');
  return {
    status: 200,
    body: undefined,
    headers: { allow: 'POST, OPTIONS', 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' },
  };
});

/** What became of one event of the delivery. */
export interface EventResult {
  readonly event_id?: string | undefined;
  readonly status: string;
  readonly [field: string]: unknown;
}

async function take(
  { body, headers }: Input<typeof takeIncomingCalls>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof takeIncomingCalls>> {
  const events = await Promise.all(eventsOf(body).map((event) => parts.calls.readAnnouncement(event)));
  const validation = events.find((event) => event.kind === 'validation');
  if (validation) return { status: 200, body: { validationResponse: validation.code } };

  // Absent or above 0: Event Grid has tried before, and may not try again.
  const mayRetry = headers['aeg-delivery-count'] === '0';
  const settled = await Promise.allSettled(events.map((event) => takeEvent(event, mayRetry, parts, log)));
  const failures = settled.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason);
  for (const failure of failures.slice(1)) log.error({ err: failure }, 'one more event of the delivery failed');
  // Event Grid delivers all of it again. What has succeeded is remembered and not done twice.
  if (failures.length > 0) throw failures[0];

  const results = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const main =
    results.find((result) => 'call_connection_id' in result) ?? results.find((result) => 'session_id' in result);
  const { event_id: _, ...fields } = main ?? { status: 'no events processed' };
  return { status: 200, body: { ...fields, results } };
}

async function takeEvent(event: Announcement, mayRetry: boolean, parts: Parts, log: Logger): Promise<EventResult> {
  switch (event.kind) {
    case 'incoming-call':
      return { event_id: event.id, ...(await takeIncomingCall(event.call, mayRetry, parts, log)) };
    case 'malformed':
      log.warn({ event: event.id, reason: messageOf(event.problem) }, 'an event cannot be read');
      return { event_id: event.id, status: 'malformed', error: event.problem };
    case 'other':
    case 'validation':
      return { event_id: event.id, status: 'ignored' };
  }
}
