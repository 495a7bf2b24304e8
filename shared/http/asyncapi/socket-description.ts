import type { z } from 'zod';
import type { RouteContract } from '../route.ts';
import type { CloseName } from './close-meanings.ts';

/** One kind of message of a socket. */
export interface SocketMessage {
  /** Unique in its socket: letters, digits, `_`, `-` and `.`. */
  readonly key: string;
  /** As it names itself. */
  readonly name: string;
  readonly summary: string;
  /** Undefined: bytes, which no schema describes. */
  readonly schema?: z.ZodType;
  /** At least one of what a schema describes. */
  readonly examples: readonly unknown[];
}

/** What is said on a socket beyond its messages. */
export interface SocketDescription {
  /** The name of its channel. */
  readonly key: string;
  readonly title: string;
  readonly contract: RouteContract;
  /** What follows what, how fast, and how one comes back: Markdown. */
  readonly order: string;
  /** What clients send. */
  readonly up: { readonly summary: string; readonly messages: readonly SocketMessage[] };
  /** What the stream host sends. */
  readonly down: { readonly summary: string; readonly messages: readonly SocketMessage[] };
  readonly closes: readonly CloseName[];
  readonly limits: Readonly<Record<string, number>>;
}

/** The message that a schema with a literal `type` (or `kind`) describes, with the description and examples that it has. */
export function messageOf(schema: z.ZodObject, name: string, key = name): SocketMessage {
  const { description = '', examples = [] } = schema.meta() ?? {};
  return { key, name, summary: description, schema, examples: Array.isArray(examples) ? examples : [] };
}
