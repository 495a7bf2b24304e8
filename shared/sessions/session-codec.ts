import { z } from 'zod';
import { storedKeysUnderWay } from '../calls/keys-wish.ts';
import { storedWish } from '../calls/stored-wish.ts';
import { answeredBy, voicemailPolicy } from '../calls/voicemail-policy.ts';
import { storedTranscript } from '../carrier/service-transcript.ts';
import { messageOf, RequestError } from '../errors.ts';
import { type HistoryItem, parseHistory } from './history.ts';
import type { Session, SessionCommand, SessionEvent } from './session.ts';
import { DamagedSessionError } from './session-errors.ts';

/**
 * The number of the stored form, in the field `schema` of a session's hash. 1, which has no such field, is release 0.1:
 * the history stands in the hash itself, as one JSON array. From 2 on it is a list of its own.
 */
export const SCHEMA = 2;

/** How sessions, events and commands are written to Redis, and how they are checked when they are read back. */

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.issues.push({ code: 'custom', message: 'is not JSON', input: text });
    return z.NEVER;
  }
});
const number = z
  .string()
  .regex(/^\d{1,16}(\.\d+)?$/)
  .transform(Number);

/** Fields that this release does not know are left out, and left alone in Redis: a newer replica may have set them. */
const storedSchema = z.object({ schema: number.pipe(z.int().min(1).max(SCHEMA)).default(1) });
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const sessionHash = z.object({
  id: z.string().min(1),
  version: number.pipe(z.int().positive()),
  channel: z.enum(['phone', 'browser']),
  direction: z.enum(['inbound', 'outbound']),
  mode: z.string().regex(/^[a-z][a-z_-]{0,31}$/),
  agent: z.string(),
  status: z.enum(['initiating', 'ringing', 'connected', 'disconnected', 'failed']),
  callConnectionId: z.string().exactOptional(),
  serverCallId: z.string().exactOptional(),
  correlationId: z.string().exactOptional(),
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
  shownNumber: z.string().exactOptional(),
  language: z.string().exactOptional(),
  context: json.pipe(z.record(z.string(), z.unknown())).exactOptional(),
  recorded: flag.exactOptional(),
  noticeUnspoken: flag.exactOptional(),
  createdAt: number,
  connectedAt: number.exactOptional(),
  endedAt: number.exactOptional(),
  // An empty one is none: a hang-up that was refused takes its reason back.
  endReason: z.string().min(1).exactOptional(),
  endDetail: z.string().exactOptional(),
  voicemail: json.pipe(voicemailPolicy).exactOptional(),
  answeredBy: answeredBy.exactOptional(),
  turns: number.pipe(z.int()).exactOptional(),
  traceparent: z.string().exactOptional(),
  handedOverAt: number.exactOptional(),
  restored: flag.exactOptional(),
  keys: json.pipe(storedKeysUnderWay).exactOptional(),
  minutePrice: number.exactOptional(),
}) satisfies z.ZodType<Session, unknown>;

/** Fields without which a session is none. */
const REQUIRED: ReadonlySet<string> = new Set(
  sessionHash.safeParse({}).error?.issues.map(({ path: [field] }) => String(field)),
);

const eventFields = z.object({
  at: number,
  type: z.string(),
  source: z.enum(['functions', 'stream-host']),
  data: json.pipe(z.record(z.string(), z.unknown())),
});

const command = json.pipe(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('end'), reason: z.string() }),
    z.object({ type: z.literal('transcribed'), phrase: storedTranscript }),
    z.object({ type: z.literal('key'), key: z.string().regex(/^[0-9*#A-D]$/) }),
    z.object({
      type: z.literal('wish'),
      operationContext: z.string(),
      wish: z.union([storedWish, z.object({ kind: z.literal('record') })]),
    }),
    z.object({
      type: z.literal('operation'),
      operationContext: z.string(),
      succeeded: z.boolean(),
      reason: z.string(),
    }),
    z.object({ type: z.literal('participants'), ids: z.array(z.string()), sequence: z.number().exactOptional() }),
  ]),
) satisfies z.ZodType<SessionCommand, unknown>;

/**
 * A session's fields as a flat list of hash fields and values. What is undefined is left out.
 * @throws {RequestError} `session.not-storable`
 */
export function encodeSession(fields: Partial<Session>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [name, typeof value === 'object' ? toJson(name, value) : String(value)];
  });
}

/** All of a session, with the number of its stored form. */
export const encodeWholeSession = (session: Session): string[] => ['schema', String(SCHEMA), ...encodeSession(session)];

/**
 * @param hash of the session with this id, not empty
 * @throws {DamagedSessionError}
 */
export function decodeSession(id: string, hash: Readonly<Record<string, string>>): Session {
  if (!storedSchema.safeParse(hash).success) throw new DamagedSessionError(id, 'a newer release wrote it');
  const bad = new Set(sessionHash.safeParse(hash).error?.issues.map(({ path: [field] }) => String(field)));
  // What may be absent and cannot be read is left out: a release to come may have more to say there.
  const result = sessionHash.safeParse(
    Object.fromEntries(Object.entries(hash).filter(([field]) => REQUIRED.has(field) || !bad.has(field))),
  );
  if (!result.success) throw new DamagedSessionError(id, `bad fields: ${[...bad].join(', ')}`);
  if (result.data.id !== id) throw new DamagedSessionError(id, 'it names another id');
  return result.data;
}

/** Where a session stands in the lists, by two fields of its hash; undefined where they are not there. */
export function indexedAs(status: unknown, createdAt: unknown) {
  return sessionHash.pick({ status: true, createdAt: true }).safeParse({ status, createdAt }).data;
}

/** @throws {RequestError} `session.not-storable` */
export const encodeHistory = (items: readonly HistoryItem[]): string[] =>
  items.map((item) => toJson(`history item of the ${item.role}`, item));

/** Items that this release cannot read are left out. */
export function decodeHistory(items: readonly string[]): HistoryItem[] {
  return parseHistory(items.flatMap((text) => json.safeParse(text).data ?? []));
}

/**
 * The history in the hash of a session that release 0.1 wrote.
 * @throws {DamagedSessionError}
 */
export function parseOldHistory(id: string, text: string): HistoryItem[] {
  const result = json.pipe(z.array(z.unknown())).safeParse(text);
  if (!result.success) throw new DamagedSessionError(id, 'bad fields: history');
  return parseHistory(result.data);
}

/** `JSON.stringify` throws for a BigInt, for a circle, and for thousands of levels. */
function toJson(what: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new RequestError('session.not-storable', `The ${what} cannot be stored as JSON: ${messageOf(error)}`);
  }
}

/** @throws {RequestError} `session.not-storable` */
export function encodeEvent(event: Omit<SessionEvent, 'id'>): string[] {
  const data = toJson(`event ${event.type}`, event.data);
  return ['at', String(event.at), 'type', event.type, 'source', event.source, 'data', data];
}

/** The event of a stream entry, or undefined where it is none that this release can read. */
export function decodeEvent(id: string, fields: readonly string[]): SessionEvent | undefined {
  const result = eventFields.safeParse(asRecord(fields));
  return result.success ? { id, ...result.data } : undefined;
}

export const encodeCommand = (value: SessionCommand): string => JSON.stringify(value);

/** The command of a stream entry, or undefined where it is none that this release can carry out. */
export function decodeCommand(fields: readonly string[]): SessionCommand | undefined {
  const result = command.safeParse(asRecord(fields).command);
  return result.success ? result.data : undefined;
}

/** Fields and values in turn, as streams and scripts answer them, as a record. */
export function asRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) record[flat[i] ?? ''] = flat[i + 1] ?? '';
  return record;
}
