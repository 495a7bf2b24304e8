import { z } from 'zod';
import { defineRoute } from '../route.ts';

/** How an agent may be named. */
export const agentName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits or the characters _ . -')
  .meta({ example: 'orders' });

export const listAgents = defineRoute({
  name: 'agents-list',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/agents',
  access: 'anonymous',
  summary: 'Lists the agents that one can talk with',
  description: 'Name one as `agent` in the address of a conversation’s socket, or when a call is placed.',
  answers: {
    200: z
      .object({
        agents: z.array(
          z.object({
            name: z.string(),
            description: z.string().describe('Of its definition; empty where that has none.'),
            languages: z.array(z.string()).readonly().describe('What it speaks and hears, such as en-US.'),
            mode: z
              .string()
              .describe('The streaming mode of a session with it where nobody asks for another.')
              .meta({ example: 'media' }),
            notice: z.string().describe('What it says where calls are only written down; empty where it says nothing.'),
            default: z.boolean().describe('Whether it answers where no agent is named.'),
          }),
        ),
      })
      .meta({ id: 'AgentList', description: 'The agents of this host, as their files say now.' }),
  },
  errors: [],
});
