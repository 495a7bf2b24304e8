import type { z } from 'zod';
import type { ToolCallContext } from '../shared/agents/tool.ts';
import type { Services } from './services.ts';

/** What a tool is given beside its arguments. */
export interface ToolContext extends ToolCallContext {
  readonly services: Services;
}

/** A JSON schema of type `object`, as in an OpenAPI document. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

type Arguments<Parameters> = Parameters extends z.ZodObject ? z.output<Parameters> : Readonly<Record<string, unknown>>;

/**
 * Something that an agent can do. A file in `agents/tools/` exports one as its default; an agent has it by naming it
 * under `tools`. The tool `look_up_order` lives in `look-up-order.ts`.
 */
export interface ToolDefinition<Parameters> {
  /** Tells the model when to use the tool. */
  readonly description: string;
  /** What the model must send. Without it, nothing. */
  readonly parameters?: Parameters;
  /** The file's name with `_` for `-`. Only there to be read. */
  readonly name?: string;
  /** How long the tool may take before the model is told that it did not answer; 10,000 without it. */
  readonly timeoutMs?: number;
  /**
   * Whether a call changes anything in the world; true without it. Such a call is left to finish when the caller cuts
   * in; one that only reads is broken off.
   */
  readonly sideEffects?: boolean;
  /** Returns what the model shall know, as plain JSON. What it throws is reported to the model as a failure. */
  run(args: Arguments<Parameters>, context: ToolContext): unknown;
}

/** Types `run` by the tool's own `parameters`: it is only ever called with what they let through. */
export const defineTool = <Parameters extends z.ZodObject | ObjectSchema>(
  tool: ToolDefinition<Parameters>,
): ToolDefinition<Parameters> => tool;
