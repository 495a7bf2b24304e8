import { z } from 'zod';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'opening_hours',
  description: 'Says when the shop and its staff can be reached, and whether they can be reached right now.',
  parameters: z.object({}),
  timeoutMs: 2000,
  sideEffects: false,
  run: async (_args, { services }) => services.openingHours.times(),
});
