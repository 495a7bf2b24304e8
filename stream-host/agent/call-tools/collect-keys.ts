import { z } from 'zod';
import type { CallTool } from './call-tool.ts';
import type { CollectKeysSettings } from './key-settings.ts';

export const COLLECT_KEYS = 'collect_keys';

/** Has the caller enter keys that the agent's definition describes. What is right is decided without the model. */
export function collectKeys({ inputs }: CollectKeysSettings): CallTool {
  const listed = Object.entries(inputs).map(([name, { about }]) => (about === '' ? name : `${name}: ${about}`));
  return {
    name: COLLECT_KEYS,
    description:
      'Has the caller enter digits on the keys of the telephone. Ask for them in the same answer, and for nothing else. ' +
      'You are told what came of it; attempts that are not right are dealt with without you. Never ask a caller to say ' +
      'aloud what is entered so.',
    parameters: z.object({ input: z.enum(Object.keys(inputs)).describe(`What is entered. ${listed.join('; ')}`) }),
    // By its name alone: what is right may be written down beside it, and a wish is put on record.
    wishOf: (args) => ({ kind: 'collect-input', input: z.object({ input: z.string() }).parse(args).input }),
    tellOf(args) {
      const name = z.object({ input: z.string() }).parse(args).input;
      const say = inputs[name]?.prompt;
      return { status: 'accepted', ...(say !== undefined && { say }) };
    },
  };
}
