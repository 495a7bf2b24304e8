import type { CheckedAction, ToolRequest } from '../../contract/agent.ts';
import { type CallKeys, failed, readArguments } from '../tool-calls.ts';
import type { CallTool } from './call-tool.ts';

/**
 * What a call of the model's wants done with the call; undefined where it is none of these tools. The model's mistakes are
 * answers to the model.
 */
export function checkCallTool(
  tools: ReadonlyMap<string, CallTool>,
  request: ToolRequest,
  keys: CallKeys,
): CheckedAction | undefined {
  const tool = tools.get(request.name);
  if (!tool) return undefined;
  const { callId, name } = request;
  const read = readArguments(tool, request);
  if ('refusal' in read) return { refused: failed({ callId, name, args: {} }, 0, read.refusal) };
  const call = { callId, name, args: tool.keptOf?.(read.args) ?? read.given };
  return { action: { call, key: keys.next(call), wish: tool.wishOf(read.args), told: tool.tellOf?.(read.args) } };
}
