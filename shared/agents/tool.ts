import type { z } from 'zod';

/** What a call of a tool is told of the conversation that it is part of. */
export interface ToolCallContext {
  /**
   * Fires when the tool has used up its time, and, where the tool has no side effects, when the caller cuts in. A tool
   * with side effects is left to finish, because nobody could tell afterwards how far it came.
   */
  readonly signal: AbortSignal;
  /**
   * The same for the same call, also when another host makes it again because the first one died in the middle of it:
   * give it to the system that you change, or keep it there, so that it is done once.
   */
  readonly idempotencyKey: string;
  readonly sessionId: string;
  /** ACS's name for the phone call; undefined in a browser. */
  readonly callConnectionId: string | undefined;
  /** The number that the caller calls from, as ACS tells it; undefined in a browser. Private: never into a log. */
  readonly caller: string | undefined;
  /**
   * The keys that the caller pressed as a secret, by the `handle` that the model was told; undefined where there are none
   * (any more). They are in memory only: keep them out of what you return, throw, log and store.
   */
  readonly secretKeys?: ((handle: string) => string | undefined) | undefined;
  /** What the agent speaks, as in `de-DE`. */
  readonly locale: string;
  /** The agent's IANA time zone. */
  readonly timeZone: string;
}

/** Something that an agent can do, given a context of its own kind. */
export interface ToolOf<Context> {
  /** Lower-case words joined by `_`: what the model calls and what an agent's YAML names. */
  readonly name: string;
  /** Tells the model when to use the tool. */
  readonly description: string;
  /** Checks the model's arguments; as JSON schema it also tells the model what to send. */
  readonly parameters: z.ZodObject;
  readonly timeoutMs: number;
  /** Whether a call changes anything in the world. */
  readonly sideEffects: boolean;
  /** Returns what the model shall know, as plain JSON. What it throws is reported to the model as a failure. */
  run(args: Readonly<Record<string, unknown>>, context: Context): Promise<unknown>;
}

/** A tool as the engine runs it: whatever it works with was given to it when it was loaded. */
export type RunnableTool = ToolOf<ToolCallContext>;
