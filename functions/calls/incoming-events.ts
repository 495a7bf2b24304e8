import { type CloudEvent, EventGridDeserializer, type EventGridEvent } from '@azure/eventgrid';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import { agentName } from '../../shared/http/routes/agents.ts';
import { type StreamingMode, streamingMode } from '../../shared/modes/streaming-modes.ts';

/** A ringing call, as Event Grid tells it. */
export interface IncomingCall {
  /** The ticket for answering, good for one call and a short time. */
  readonly context: string;
  /** E.164 where it is a phone number, else the raw id. */
  readonly from: string;
  readonly to: string;
  readonly correlationId: string | undefined;
  /** The agent that whoever passed the call on has named, in a SIP header; it need not be there. */
  readonly agent: string | undefined;
  /** The mode that he has named, likewise. */
  readonly mode: StreamingMode | undefined;
}

/** One event of a delivery. */
export type GridEvent =
  | { readonly kind: 'validation'; readonly id: string; readonly code: string }
  | { readonly kind: 'incoming-call'; readonly id: string; readonly call: IncomingCall }
  | { readonly kind: 'other'; readonly id: string; readonly type: string }
  | { readonly kind: 'malformed'; readonly id: string | undefined; readonly problem: string };

/** `X-MS-Custom-…` are the headers that ACS passes on from a session border controller. */
const AGENT_HEADER = 'x-ms-custom-agent';
const MODE_HEADER = 'x-ms-custom-streaming-mode';

/** Whatever else is in there, or is wrong with it, is no reason to lose a call. */
const namedInHeaders = z
  .object({ sipHeaders: z.record(z.string(), z.unknown()) })
  .transform(({ sipHeaders }) => {
    const given = new Map(Object.entries(sipHeaders).map(([name, value]) => [name.toLowerCase(), value]));
    return {
      agent: agentName.safeParse(given.get(AGENT_HEADER)).data,
      mode: streamingMode.safeParse(given.get(MODE_HEADER)).data,
    };
  })
  .catch({ agent: undefined, mode: undefined });

const identity = z
  .object({ rawId: z.string().min(1), phoneNumber: z.object({ value: z.string() }).nullish() })
  .transform(({ rawId, phoneNumber }) => phoneNumber?.value ?? rawId);

/** `AcsIncomingCallEventData` of the SDK names other fields than those that are on the wire and in the object. */
const incomingCallData = z.object({
  from: identity,
  to: identity,
  incomingCallContext: z.string().min(1),
  correlationId: z.string().nullish(),
  customContext: namedInHeaders,
});
const validationData = z.object({ validationCode: z.string().min(1) });
const isCloudEvent = z.object({ specversion: z.string() });
const withId = z.object({ id: z.string() });

const deserializer = new EventGridDeserializer();

/**
 * Reads the events of a delivery, in either schema. Each is read by itself: a broken one is told as such and does not
 * take the others with it.
 */
export async function readGridEvents(events: readonly unknown[]): Promise<GridEvent[]> {
  return Promise.all(events.map(readGridEvent));
}

async function readGridEvent(given: unknown): Promise<GridEvent> {
  try {
    const { id, type, data } = await deserialize(given);
    switch (type) {
      case 'Microsoft.EventGrid.SubscriptionValidationEvent':
        return { kind: 'validation', id, code: validationData.parse(data).validationCode };
      case 'Microsoft.Communication.IncomingCall': {
        const { from, to, incomingCallContext: context, correlationId, customContext } = incomingCallData.parse(data);
        const call = { context, from, to, correlationId: correlationId ?? undefined, ...customContext };
        return { kind: 'incoming-call', id, call };
      }
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
