import { z } from 'zod';
import { CALL_ENDS, type CallEvent, type CallEventKind } from '../carrier/call-events.ts';
import { jsonOf } from '../json.ts';

/** How a carrier's event is kept in a call's inbox, with its keys apart: what is pressed may be a secret. */

const text = z.string();
const onPurpose = z.boolean();
const participant = text.exactOptional();
/** A word that another release has is left out. */
const why = z.enum(CALL_ENDS).optional().catch(undefined);

const head = z.object({
  id: text,
  at: z.number(),
  callId: text,
  serverCallId: text.exactOptional(),
  correlationId: text.exactOptional(),
  operationContext: text.exactOptional(),
  result: z
    .object({ code: z.number().exactOptional(), subCode: z.number().exactOptional(), message: text.exactOptional() })
    .exactOptional(),
  name: text,
});

const STREAM_KINDS = [
  ...(['media-started', 'media-stopped', 'media-failed', 'transcription-started'] as const),
  ...(['transcription-updated', 'transcription-stopped', 'transcription-failed'] as const),
] as const satisfies readonly CallEventKind[];

const body = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['connected', 'play-started', 'other']) }),
  z.object({ kind: z.literal('ended'), why }),
  z.object({ kind: z.literal('failed'), what: z.enum(['place', 'answer', 'join']), why }),
  z.object({ kind: z.enum(STREAM_KINDS), details: text.exactOptional(), onPurpose }),
  z.object({
    kind: z.literal('participants'),
    sequence: z.number().exactOptional(),
    participants: z.array(z.object({ id: text, muted: z.boolean(), onHold: z.boolean() })),
  }),
  z.object({
    kind: z.enum(['operation-succeeded', 'operation-failed', 'operation-cancelled']),
    operation: z.enum([
      ...(['transfer', 'add-participant', 'remove-participant', 'cancel-add', 'move', 'hold', 'send-keys'] as const),
      ...(['collect-keys', 'listen-for-keys', 'play', 'recording'] as const),
    ]),
    participant,
    recordingId: text.exactOptional(),
  }),
  z.object({ kind: z.literal('key'), key: text, sequence: z.number().exactOptional(), participant }),
  z.object({
    kind: z.literal('recording-state'),
    recordingId: text.exactOptional(),
    state: z.enum(['active', 'inactive']),
  }),
]);

const storedEvent = z.intersection(head, body) satisfies z.ZodType<CallEvent>;

/** @returns its id, its JSON without the key, and the key */
export function encodeCallEvent(event: CallEvent): [id: string, json: string, key: string] {
  if (event.kind === 'key') return [event.id, JSON.stringify({ ...event, key: '' }), event.key];
  return [event.id, JSON.stringify(event), ''];
}

/** Undefined where it is none that this release can read. A key that nobody kept is empty. */
export function readCallEvent({ event = '', keys = '' }: Readonly<Record<string, string>>): CallEvent | undefined {
  const parsed = storedEvent.safeParse(jsonOf(event)).data;
  return parsed?.kind === 'key' ? { ...parsed, key: keys } : parsed;
}
