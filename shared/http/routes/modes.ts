import { z } from 'zod';
import { AUDIO_RATES } from '../../audio/pcm.ts';
import { defineRoute } from '../route.ts';

export const listModes = defineRoute({
  name: 'modes-list',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/modes',
  access: 'anonymous',
  summary: 'Lists the streaming modes that this deployment has',
  description:
    'Name one as `streaming_mode` in the address of a conversation’s socket, or when a call is placed. Without it a session has its agent’s own mode, or ACS_STREAMING_MODE.',
  answers: {
    200: z
      .object({
        modes: z.array(
          z.object({
            name: z.string().meta({ example: 'media' }),
            title: z.string().describe('For a person who chooses.').meta({ example: 'Recogniser, model and voice' }),
            default: z.boolean().describe('Whether it is that of ACS_STREAMING_MODE.'),
            answers: z.boolean().describe('Whether somebody answers the caller in it.'),
            audio_rate: z
              .literal([...AUDIO_RATES])
              .describe('The rate of the audio that it hears and speaks, in Hz.')
              .meta({ example: 16_000 }),
          }),
        ),
      })
      .meta({ id: 'ModeList', description: 'The modes of this host.' }),
  },
  errors: [],
});
