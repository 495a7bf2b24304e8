import type { CallTool } from './call-tool.ts';
import type { CallToolSettings } from './call-tool-settings.ts';
import { collectKeys } from './collect-keys.ts';
import { handToHuman } from './hand-to-human.ts';
import { holdCall } from './hold-call.ts';
import { sendKeys } from './send-keys.ts';
import { transferCall } from './transfer-call.ts';

/** The tool by which an agent hangs up. `end_call` among its `tools` is the same by another name. */
export const HANG_UP = 'hang_up';

/** What an agent with these settings may do with a call, but for hanging up. */
export function callToolsOf(settings: CallToolSettings): ReadonlyMap<string, CallTool> {
  const { transfer_call, hand_to_human, hold_call, collect_keys, send_keys } = settings;
  const tools = [
    ...(transfer_call ? [transferCall(transfer_call.targets)] : []),
    ...(hand_to_human ? [handToHuman(hand_to_human)] : []),
    ...(hold_call ? [holdCall(hold_call)] : []),
    ...(collect_keys ? [collectKeys(collect_keys)] : []),
    ...(send_keys ? [sendKeys] : []),
  ];
  return new Map(tools.map((tool) => [tool.name, tool]));
}
