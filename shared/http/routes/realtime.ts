import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const realtimeStatus = defineRoute({
  name: 'realtime-status',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/realtime/status',
  access: 'anonymous',
  summary: 'What the stream host’s sockets can do, and how many are open',
  answers: {
    200: z
      .object({
        status: z.literal('available'),
        websocket_endpoints: z.record(z.string(), z.string()),
        features: z.record(z.string(), z.boolean()),
        active_connections: z.object({
          dashboard_clients: z.int().meta({ example: 0 }),
          conversation_sessions: z.int().meta({ example: 3 }),
          total_connections: z.int().meta({ example: 3 }),
        }),
        protocols_supported: z.array(z.string()),
        version: z.string(),
      })
      .meta({ id: 'RealtimeStatus', description: 'Only what is true of this server is `true`.' }),
  },
  errors: [],
});

export const pageSettings = defineRoute({
  name: 'realtime-settings',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/realtime/settings',
  access: 'anonymous',
  summary: 'What the browser page has to know',
  answers: {
    200: z
      .object({
        emulatorUrl: z.string().nullable().describe('The emulator’s address, where the page finds a phone line.'),
        agent: z.string().describe('The agent that answers when nothing else is asked for.'),
        version: z.string(),
        scripted: z.boolean().describe('The demo dialogue answers, no language model.'),
      })
      .meta({ id: 'PageSettings', description: 'The settings.' }),
  },
  errors: [],
});
