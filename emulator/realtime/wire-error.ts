import type { z } from 'zod';

export type Json = Readonly<Record<string, unknown>>;

/** What a client did wrong, as the services tell it: an `error` event after which the session goes on. */
export class WireError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/**
 * Reads a part of a client's event.
 * @param at where it stands in the event, such as `session`
 * @throws {WireError} that names the field, as the GA service does: missing, unknown, or of a wrong value
 */
export function parseWire<Schema extends z.ZodType>(schema: Schema, value: unknown, at: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new WireError('invalid_value', `Invalid value: '${at}'.`, at);
  if (issue.code === 'unrecognized_keys') {
    const param = pathOf(at, [...issue.path, issue.keys[0] ?? '']);
    throw new WireError('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  const param = pathOf(at, issue.path);
  const given = issue.path.reduce<unknown>((inner, key) => Object(inner)[key], value);
  if (given === undefined) {
    throw new WireError('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
  }
  const shown = typeof given === 'string' ? given.slice(0, 50) : typeof given;
  throw new WireError('invalid_value', `Invalid value: '${shown}' for '${param}'. ${issue.message}`, param);
}

/** `item`, `content`, 0, `text` -> `item.content[0].text` */
const pathOf = (at: string, path: readonly PropertyKey[]): string =>
  path
    .reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`), at)
    .replace(/^\./, '');
