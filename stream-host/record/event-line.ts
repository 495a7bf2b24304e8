import { messageOf } from '../../shared/errors.ts';
import type { SessionEvent } from '../contract/events.ts';

/** The fields of a line, in the order in which they are written. */
export type Fields = Readonly<Record<string, unknown>>;

/** Told many times a second, and told again by what follows. */
const LEFT_OUT: ReadonlySet<SessionEvent['type']> = new Set<SessionEvent['type']>(['agentHeard', 'spent']);

/** A session's event as the record has it; undefined where it has none. */
export function eventFields(event: SessionEvent): Fields | undefined {
  if (LEFT_OUT.has(event.type)) return undefined;
  const { type, atMs: _, ...rest } = event;
  return { event: type, ...toWire(rest) };
}

/** Names in snake_case; a tool's call lies flat, an error is its text, and of the history only where it changed. */
function toWire(fields: object): Fields {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'call') Object.assign(out, toWire(Object(value)));
    else if (name === 'items') out.items = Array.isArray(value) ? value.length : 0;
    else if (name === 'error') out.error = typeof value === 'string' ? value : messageOf(value);
    else if (value !== undefined) out[snakeOf(name)] = value;
  }
  return out;
}

const snakeOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
