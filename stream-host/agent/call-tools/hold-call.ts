import { z } from 'zod';
import type { CallTool } from './call-tool.ts';
import type { CallToolSettings } from './call-tool-settings.ts';

/** Lets the caller wait for a moment, and takes him back. */
export function holdCall({ most_s: most }: NonNullable<CallToolSettings['hold_call']>): CallTool {
  return {
    name: 'hold_call',
    description:
      'Puts the caller on hold, once what you say in this answer has been heard, and takes him back after so many seconds. ' +
      'Say in the same answer that you put him on hold.',
    parameters: z.object({ seconds: z.int().min(1).max(most).describe('For how long') }),
    wishOf(args) {
      return { kind: 'hold', forS: z.object({ seconds: z.number() }).parse(args).seconds };
    },
  };
}
