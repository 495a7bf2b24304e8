import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';

const id = z.string().min(1);
const text = z.string().nullish();
const tokens = z.number().nullish();

const message = z.looseObject({ code: text, message: text, param: text, type: text, event_id: text });

const usage = z.looseObject({
  input_tokens: tokens,
  output_tokens: tokens,
  input_token_details: z
    .looseObject({
      cached_tokens: tokens,
      audio_tokens: tokens,
      cached_tokens_details: z.looseObject({ audio_tokens: tokens }).nullish(),
    })
    .nullish(),
  output_token_details: z.looseObject({ audio_tokens: tokens }).nullish(),
});

const statusDetails = z.looseObject({
  type: text,
  reason: text,
  error: z.looseObject({ code: text, type: text }).nullish(),
});

/** An event of one kind; fields that are not named here pass, unread. */
const event = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.object(shape).transform((fields) => ({ kind, ...fields }));

const session = z.looseObject({ expires_at: z.number().nullish() });
const outputItem = z.looseObject({ id, type: text, name: text, call_id: text, arguments: text });

/** What we read of the services' events, whatever each of them calls it. */
const EVENTS = {
  sessionCreated: event('sessionCreated', { session }),
  sessionUpdated: event('sessionUpdated', { session }),
  error: event('error', { error: message }),
  warning: event('warning', { warning: message.nullish(), code: text, message: text, param: text }),
  speechStarted: event('speechStarted', { item_id: id, audio_start_ms: z.number() }),
  speechStopped: event('speechStopped', { item_id: id, audio_end_ms: z.number() }),
  committed: event('committed', { item_id: id, previous_item_id: text }),
  itemAdded: event('itemAdded', { item: z.looseObject({ id }) }),
  callerDelta: event('callerDelta', { item_id: id, delta: text }),
  callerCompleted: event('callerCompleted', { item_id: id, transcript: text }),
  callerFailed: event('callerFailed', { item_id: id, error: message.nullish() }),
  responseCreated: event('responseCreated', {
    response: z.looseObject({ id, metadata: z.record(z.string(), z.unknown()).nullish() }),
  }),
  responseDone: event('responseDone', {
    response: z.looseObject({
      id,
      status: z.enum(['completed', 'cancelled', 'failed', 'incomplete']).catch('incomplete'),
      status_details: statusDetails.nullish().catch(undefined),
      usage: usage.nullish().catch(undefined),
    }),
  }),
  outputItemAdded: event('outputItemAdded', { response_id: id, item: outputItem }),
  outputItemDone: event('outputItemDone', { response_id: id, item: outputItem }),
  audio: event('audio', { response_id: id, item_id: id, delta: z.string() }),
  words: event('words', { response_id: id, item_id: id, delta: z.string() }),
  callArguments: event('callArguments', {
    response_id: id,
    item_id: id,
    call_id: id,
    name: text,
    arguments: z.string(),
  }),
  serviceToolStarted: event('serviceToolStarted', { item_id: id }),
  serviceToolCompleted: event('serviceToolCompleted', { item_id: id }),
  serviceToolFailed: event('serviceToolFailed', { item_id: id }),
  toolListFailed: event('toolListFailed', { item_id: text }),
} as const;

export type EventKind = keyof typeof EVENTS;
export type ServerEvent = z.output<(typeof EVENTS)[EventKind]>;
export type EventOf<Kind extends EventKind> = z.output<(typeof EVENTS)[Kind]>;
export type ServiceMessage = z.output<typeof message>;

/** The services' names of events. `known`: we have no use for it. */
export type EventNames = ReadonlyMap<string, EventKind | 'known'>;

export type ReadEvent =
  | { readonly type: 'event'; readonly event: ServerEvent }
  | { readonly type: 'known' }
  | { readonly type: 'unknown'; readonly name: string }
  /** No JSON: it may have been anything. */
  | { readonly type: 'unreadable' }
  /** `where`: the field that is not as it must be; never what it holds. */
  | { readonly type: 'malformed'; readonly name: string; readonly where: string };

const envelope = z.looseObject({ type: z.string() });

/** Reads one message of a service. Never throws. */
export function readServerEvent(messageText: string, names: EventNames): ReadEvent {
  const given = jsonOf(messageText);
  if (given === undefined) return { type: 'unreadable' };
  const opened = envelope.safeParse(given);
  if (!opened.success) return { type: 'malformed', name: 'none', where: 'type' };
  const name = opened.data.type.slice(0, 100);
  const kind = names.get(name);
  if (kind === undefined) return { type: 'unknown', name };
  if (kind === 'known') return { type: 'known' };
  const read = EVENTS[kind].safeParse(given);
  if (read.success) return { type: 'event', event: read.data };
  return { type: 'malformed', name, where: read.error.issues[0]?.path.join('.') ?? '' };
}
