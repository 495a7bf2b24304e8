import type { z } from 'zod';
import type { ToolCallContext, ToolOf } from '../shared/agents/tool.ts';
import type { Services } from './services.ts';

/** What a tool is given beside its arguments. */
export interface ToolContext extends ToolCallContext {
  readonly services: Services;
}

/**
 * Something that an agent can do. One file in `agents/tools/` exports one as its default, made by {@link defineTool};
 * an agent uses it by naming it under `tools`. The tool `look_up_order` lives in `look-up-order.ts`.
 */
export type Tool = ToolOf<ToolContext>;

interface TypedTool<Parameters extends z.ZodObject> extends Omit<Tool, 'run'> {
  readonly parameters: Parameters;
  run(args: z.output<Parameters>, context: ToolContext): Promise<unknown>;
}

/** Types `run` by the tool's own `parameters`: it is only ever called with what they let through. */
export function defineTool<Parameters extends z.ZodObject>(tool: TypedTool<Parameters>): Tool {
  return tool as Tool;
}
