import { z } from 'zod';
import { KEY_ROW } from './keys-wish.ts';

/** Who, or what, has answered a call that we placed. */
export const answeredBy = z.enum(['human', 'voicemail', 'menu', 'unavailable', 'unsure']);
export type AnsweredBy = z.output<typeof answeredBy>;

/**
 * What is done where no human has answered a call that we placed: in an agent's YAML under `voicemail`, and in the request
 * that places a call. The agent speaks at once in any case; nothing here holds its greeting back.
 */
export const voicemailPolicy = z
  .strictObject({
    on_machine: z
      .enum(['hang_up', 'leave_message', 'continue'])
      .default('hang_up')
      .describe(
        'What to do with an answering machine. A number at which nobody can be had is hung up on, or `continue`.',
      ),
    message: z.string().trim().min(1).max(1000).describe('What is said after the tone.').exactOptional(),
    on_menu: z
      .enum(['hang_up', 'navigate', 'continue'])
      .default('continue')
      .describe(
        'What to do with a menu. `continue` leaves it to the agent, which may have the tool `send_keys`. `navigate` hangs up on one that says none of the phrases.',
      ),
    keys: z
      .array(
        z.strictObject({
          phrase: z.string().trim().min(1).max(200).meta({ example: 'for support' }),
          keys: z.string().max(32).regex(KEY_ROW, 'must be keys such as 1 or 22#').meta({ example: '2' }),
        }),
      )
      .max(20)
      .default([])
      .describe('With `navigate`: what is pressed once the menu has said a phrase. Each is used once.'),
  })
  .refine(({ on_machine, message }) => on_machine !== 'leave_message' || message !== undefined, {
    path: ['message'],
    error: 'must be there where a message is left',
  })
  .refine(({ on_menu, keys }) => on_menu !== 'navigate' || keys.length > 0, {
    path: ['keys'],
    error: 'must name a phrase and its keys where a menu is navigated',
  });

export type VoicemailPolicy = z.output<typeof voicemailPolicy>;

/** The agent talks on, whoever has answered: what was found out is told, and no more. */
export const ONLY_WATCH: VoicemailPolicy = { on_machine: 'continue', on_menu: 'continue', keys: [] };
