import { z } from 'zod';
import type { Dialect } from './dialect.ts';
import { type Json, parseWire } from './wire-error.ts';

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), event_id: z.string().max(512).optional(), ...shape });

const object = z.record(z.string(), z.unknown());
const item_id = z.string().min(1);

/** What a client may send. Session, response and item are read by their own schemas, which differ by service. */
const clientEvent = z.discriminatedUnion('type', [
  event('session.update', { session: object }),
  event('input_audio_buffer.append', { audio: z.base64() }),
  event('input_audio_buffer.commit', {}),
  event('input_audio_buffer.clear', {}),
  event('conversation.item.create', { item: object, previous_item_id: z.string().nullish() }),
  event('conversation.item.retrieve', { item_id }),
  event('conversation.item.truncate', {
    item_id,
    content_index: z.number().int().min(0),
    audio_end_ms: z.number().int().min(0),
  }),
  event('conversation.item.delete', { item_id }),
  event('response.create', { response: object.nullish(), additional_instructions: z.string().optional() }),
  event('response.cancel', { response_id: z.string().optional() }),
]);

export type ClientEvent = z.output<typeof clientEvent>;

/** @throws {WireError} that names what is wrong */
export const readClientEvent = (value: unknown): ClientEvent => parseWire(clientEvent, value, '');

const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const inputAudio = z.strictObject({
  type: z.literal('input_audio'),
  audio: z.string().optional(),
  transcript: z.string().nullish(),
});

const common = {
  id: z.string().min(1).max(32).optional(),
  object: z.literal('realtime.item').optional(),
  status: z.enum(['completed', 'incomplete', 'in_progress']).default('completed'),
};
const call_id = z.string().min(1);

function itemSchema({ text }: Dialect['parts']) {
  const message = { ...common, type: z.literal('message') };
  const assistantText = z.strictObject({ type: z.literal(text), text: z.string() });
  return z.discriminatedUnion('type', [
    z.discriminatedUnion('role', [
      z.strictObject({
        ...message,
        role: z.literal('user'),
        content: z.array(z.discriminatedUnion('type', [inputText, inputAudio])),
      }),
      z.strictObject({ ...message, role: z.literal('assistant'), content: z.array(assistantText) }),
      z.strictObject({ ...message, role: z.literal('system'), content: z.array(inputText) }),
    ]),
    z.strictObject({
      ...common,
      type: z.literal('function_call'),
      name: z.string().min(1),
      call_id,
      arguments: z.string(),
    }),
    z.strictObject({ ...common, type: z.literal('function_call_output'), call_id, output: z.string() }),
  ]);
}

/** An item as a client puts it into a conversation. */
export type NewItem = z.output<ReturnType<typeof itemSchema>>;

const schemas = {
  output_text: itemSchema({ text: 'output_text', audio: 'output_audio' }),
  text: itemSchema({ text: 'text', audio: 'audio' }),
};

/**
 * An item that a client puts into the conversation.
 * @throws {WireError} such as for `text` where GA wants `output_text`
 */
export const readItem = (item: Json, { text }: Dialect['parts']): NewItem => parseWire(schemas[text], item, 'item');
