import { z } from 'zod';
import type { CallTool } from './call-tool.ts';
import { type CallToolSettings, ringSOf } from './call-tool-settings.ts';
import { summary } from './summary.ts';

/** Hands the call to the one human whom the agent's definition names. */
export function handToHuman(settings: NonNullable<CallToolSettings['hand_to_human']>): CallTool {
  const { to, kind: how } = settings;
  return {
    name: 'hand_to_human',
    description:
      'Hands the call to a human colleague, once what you say in this answer has been heard: where the caller asks for ' +
      'one, or you cannot help. Say so in the same answer. You are told if nobody answers.',
    parameters: z.object({ summary }),
    wishOf(args) {
      const given = z.object({ summary: z.string().optional() }).parse(args);
      return { kind: 'transfer', target: to, how, summary: given.summary, timeoutS: ringSOf(settings) };
    },
  };
}
