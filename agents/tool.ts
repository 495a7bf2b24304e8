import type { z } from 'zod';
import type { Services } from './services.ts';

/** What a tool is given beside its arguments. */
export interface ToolContext {
  readonly services: Services;
  /**
   * Fires when the tool has used up its time, and, where the tool has no side effects, when the caller cuts in. A tool
   * with side effects is left to finish, because nobody could tell afterwards how far it came.
   */
  readonly signal: AbortSignal;
}

/**
 * Something that an agent can do. One file in `agents/tools/` exports one as its default, made by {@link defineTool};
 * an agent uses it by naming it under `tools`. The tool `look_up_order` lives in `look-up-order.ts`.
 */
export interface Tool {
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
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<unknown>;
}

interface TypedTool<Parameters extends z.ZodObject> extends Omit<Tool, 'run'> {
  readonly parameters: Parameters;
  run(args: z.output<Parameters>, context: ToolContext): Promise<unknown>;
}

/** Types `run` by the tool's own `parameters`: it is only ever called with what they let through. */
export function defineTool<Parameters extends z.ZodObject>(tool: TypedTool<Parameters>): Tool {
  return tool as Tool;
}
