import { z } from 'zod';
import type { CallTool } from './call-tool.ts';
import { type CallToolSettings, ringSOf } from './call-tool-settings.ts';
import { summary } from './summary.ts';

type Targets = NonNullable<CallToolSettings['transfer_call']>['targets'];

/** Puts the caller through to one of the targets that the agent's definition lists. */
export function transferCall(targets: Targets): CallTool {
  const listed = Object.entries(targets).map(([name, { about }]) => (about === '' ? name : `${name}: ${about}`));
  return {
    name: 'transfer_call',
    description:
      'Puts the caller through to somebody else, once what you say in this answer has been heard. Say in the same answer ' +
      'to whom you put him through. You are told if it does not come about.',
    parameters: z.object({
      target: z.enum(Object.keys(targets)).describe(`To whom. ${listed.join('; ')}`),
      summary,
    }),
    wishOf(args) {
      const given = z.object({ target: z.string(), summary: z.string().optional() }).parse(args);
      const target = targets[given.target];
      // The schema has let no other name through.
      if (!target) throw new TypeError('The target is not listed.');
      const { to, kind: how } = target;
      return { kind: 'transfer', target: to, how, summary: given.summary, timeoutS: ringSOf(target) };
    },
  };
}
