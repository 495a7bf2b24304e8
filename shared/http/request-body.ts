import { z } from 'zod';
import { RequestError } from '../errors.ts';
import { wordsOf } from './issue-words.ts';

const MAX_BODY_BYTES = 1_048_576;
const MAX_DEPTH = 64;
/** How many events one delivery may hold. Event Grid and ACS send one, or a few. */
const MAX_EVENTS = 100;

/** A body as it arrives, in either half: a web stream or Node's request. */
export type ReadableBody = AsyncIterable<Uint8Array> | null;

/**
 * The body as JSON. Its content type does not matter: ACS and Event Grid send several. Reading stops at `maxBytes`, so that
 * nobody fills the memory; nesting stops at 64 levels, so that no recursion over it can fail.
 * @throws {RequestError} `request.not-json`, `request.too-deep`, `request.too-large`
 */
export async function readJson(
  body: ReadableBody,
  contentLength: string | null,
  maxBytes = MAX_BODY_BYTES,
): Promise<unknown> {
  // Some editors and Windows tools put a byte order mark in front, which is no JSON: the decoder leaves it out.
  const text = new TextDecoder().decode(await readBytes(body, contentLength, maxBytes));
  if (isDeep(text)) throw new RequestError('request.too-deep', `The body may be nested ${MAX_DEPTH} levels deep.`);
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError('request.not-json', 'The body must be JSON.');
  }
}

/**
 * A body of at most 1 MB, or less. One that says itself that it is more is not begun: who sends all of it before he reads
 * an answer gets it then, as Node passes over what nobody has begun to read, and stops in the middle of what somebody has.
 * @throws {RequestError} `request.too-large`
 */
export async function readBytes(
  body: ReadableBody,
  contentLength: string | null,
  maxBytes = MAX_BODY_BYTES,
): Promise<Uint8Array> {
  if (Number(contentLength) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

const tooLarge = (maxBytes: number) =>
  new RequestError('request.too-large', `The body may have at most ${maxBytes} bytes.`);

/** Looks at the text, because what has been parsed could only be walked by what the depth may break. */
function isDeep(json: string): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (isString) {
      if (char === '\\') at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/**
 * The events of a delivery, which is one of them or an array.
 * @throws {RequestError} `events.too-many`
 */
export function eventsOf(delivery: unknown): readonly unknown[] {
  const events: unknown[] = Array.isArray(delivery) ? delivery : [delivery];
  if (events.length <= MAX_EVENTS) return events;
  throw new RequestError('events.too-many', `One delivery may hold ${MAX_EVENTS} events, not ${events.length}.`);
}

/**
 * @throws {RequestError} `request.invalid`, whose details name each bad field, what is allowed and what kind of thing was
 * given, but no text that was given: it may be private
 */
export function validate<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given, { error: wordsOf });
  if (result.success) return result.data;
  const all = result.error.issues.flatMap((issue) => fieldIssues(schema, issue));
  throw invalid(all.slice(0, MOST_ISSUES));
}

/**
 * A query as fields.
 * @throws {RequestError} `request.invalid`: a name is given more than once, and only one of its values would have an effect
 */
export function fieldsOf(query: Iterable<readonly [name: string, value: string]>): Record<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of query) {
    if (fields.has(name)) throw invalid([{ field: name.slice(0, LONGEST_NAME), message: 'is given more than once' }]);
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

/** So many of them are told. */
const MOST_ISSUES = 20;
const LONGEST_NAME = 100;

/** What is wrong with one field. */
interface FieldIssue {
  readonly field: string;
  readonly message: string;
}

function invalid(issues: readonly FieldIssue[]): RequestError {
  const fields = issues.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  return new RequestError('request.invalid', `The request is not as it should be: ${fields.join('; ')}`, { issues });
}

/** A field that nobody knows is named, with those that are known there. */
function fieldIssues(schema: z.ZodType, issue: z.core.$ZodIssue): FieldIssue[] {
  if (issue.code !== 'unrecognized_keys') return [{ field: issue.path.join('.'), message: issue.message }];
  const known = issue.path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const message = `is not known here${known.length > 0 ? `; known are ${known.join(', ')}` : ''}`;
  return issue.keys.map((key) => ({ field: [...issue.path, key.slice(0, LONGEST_NAME)].join('.'), message }));
}
