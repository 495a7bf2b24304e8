import { z } from 'zod';
import { KEY_ROW, MOST_KEYS } from '../../../shared/calls/keys-wish.ts';
import type { CallTool } from './call-tool.ts';

const keysOf = (args: Readonly<Record<string, unknown>>): string => z.object({ keys: z.string() }).parse(args).keys;

/** Presses keys, as into a menu. */
export const sendKeys: CallTool = {
  name: 'send_keys',
  description:
    'Presses keys of the telephone towards the other end, once what you say in this answer has been heard, as a menu asks ' +
    'for them.',
  parameters: z.object({
    keys: z.string().max(MOST_KEYS).regex(KEY_ROW, 'keys only').describe('Of 0-9, * and #, such as 1 or 4711#'),
  }),
  wishOf: (args) => ({ kind: 'send-keys', keys: keysOf(args) }),
  // They may open something.
  keptOf: (args) => ({ count: keysOf(args).length }),
};
