import { ModeTable } from '../../shared/modes/mode-table.ts';
import { needsOf } from '../../shared/modes/streaming-modes.ts';
import type { AgentCard } from '../contract/agent.ts';
import type { Modes } from '../contract/mode.ts';

/** Modes that a setting or an agent's file asks for and this process does not have, a sentence for each. */
export function modeProblems(
  modes: Modes,
  usual: string,
  agents: readonly AgentCard[],
  others: readonly { readonly where: string; readonly mode: string }[] = [],
): string[] {
  const table = new ModeTable(modes, usual);
  const wanted = [
    { where: 'ACS_STREAMING_MODE', mode: usual },
    ...agents.flatMap(({ name, mode }) => (mode === undefined ? [] : [{ where: `The agent ${name}: mode:`, mode }])),
    ...others,
  ];
  return wanted
    .filter(({ mode }) => table.find(mode) === undefined)
    .map(
      ({ where, mode }) =>
        `${where} is ${mode}, which is not configured. ${needsOf(mode)}. There is: ${table.names.join(', ')}.`,
    );
}
