import { type CloudEvent, EventGridDeserializer, type EventGridEvent } from '@azure/eventgrid';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { agentName } from '../../http/routes/agents.ts';
import { streamingMode } from '../../modes/streaming-modes.ts';
import type { Announcement } from '../announcement.ts';
import { teamsContextOf } from './teams-context.ts';

/** `X-MS-Custom-…` are the headers that ACS passes on from a session border controller. */
const AGENT_HEADER = 'x-ms-custom-agent';
const MODE_HEADER = 'x-ms-custom-streaming-mode';

/** Whatever else is in there, or is wrong with it, is no reason to lose a call. */
const headers = z.record(z.string(), z.unknown()).catch({});
const customContext = z
  .object({ sipHeaders: headers, voipHeaders: headers, teamsPhoneCallDetails: z.unknown().optional() })
  .transform(({ sipHeaders, voipHeaders, teamsPhoneCallDetails }) => {
    const given = new Map(
      Object.entries({ ...voipHeaders, ...sipHeaders }).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return {
      agent: agentName.safeParse(given.get(AGENT_HEADER)).data,
      mode: streamingMode.safeParse(given.get(MODE_HEADER)).data,
      context: teamsContextOf(teamsPhoneCallDetails),
    };
  })
  .catch({ agent: undefined, mode: undefined, context: undefined });

const party = z
  .object({ rawId: z.string().min(1), phoneNumber: z.object({ value: z.string() }).nullish() })
  .transform(({ rawId, phoneNumber }) => phoneNumber?.value ?? rawId);

/**
 * Of a call through Teams Phone, `to` is the resource account (`28:orgid:…`); where it is an identity of ACS,
 * `onBehalfOfCallee` names the account. (docs/first-day.md: neither has been seen on the wire.)
 */
const incomingCall = z
  .object({
    from: party,
    to: party,
    onBehalfOfCallee: party.optional().catch(undefined),
    incomingCallContext: z.string().min(1),
    correlationId: z.string().nullish(),
    customContext,
  })
  .transform(({ from, to, onBehalfOfCallee, incomingCallContext: ticket, correlationId, customContext: told }) => {
    const callee = onBehalfOfCallee ?? to;
    return {
      ...{ ticket, from, to: callee, correlationId: correlationId ?? undefined, ...told },
      // A call that is answered on behalf of a Teams account cannot be redirected.
      redirectable: !callee.startsWith('28:'),
    };
  });
const validation = z.object({ validationCode: z.string().min(1) });

const isCloudEvent = z.object({ specversion: z.string() });
const withId = z.object({ id: z.string() });

const deserializer = new EventGridDeserializer();

/**
 * Reads one event of a delivery of Event Grid, in either schema, by itself: a broken one is told as such and does not take
 * the others with it. The SDK's types name other fields of an incoming call than those that are on the wire.
 */
export async function readAcsAnnouncement(given: unknown): Promise<Announcement> {
  try {
    const { id, type, data } = await deserialize(given);
    switch (type) {
      case 'Microsoft.EventGrid.SubscriptionValidationEvent':
        return { kind: 'validation', id, code: validation.parse(data).validationCode };
      case 'Microsoft.Communication.IncomingCall':
        return { kind: 'incoming-call', id, call: incomingCall.parse(data) };
      default:
        return { kind: 'other', id, type };
    }
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    return { kind: 'malformed', id: withId.safeParse(given).data?.id, problem };
  }
}

async function deserialize(given: unknown): Promise<{ id: string; type: string; data: unknown }> {
  // The deserialiser reads fields before it has looked whether there are any.
  if (typeof given !== 'object' || given === null) throw new TypeError('an event must be an object');
  const fields = given as Record<string, unknown>;
  if (isCloudEvent.safeParse(given).success) {
    const [event] = (await deserializer.deserializeCloudEvents(fields)) as (CloudEvent<unknown> | undefined)[];
    if (event === undefined) throw new TypeError('an event must not be empty');
    return { id: event.id, type: event.type, data: event.data };
  }
  const [event] = (await deserializer.deserializeEventGridEvents(fields)) as (EventGridEvent<unknown> | undefined)[];
  if (event === undefined) throw new TypeError('an event must not be empty');
  return { id: event.id, type: event.eventType, data: event.data };
}
