import { z } from 'zod';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'look_up_order',
  description:
    'Finds an order by its number: what was ordered, how far it has come, on which day and in which hours it is delivered.',
  parameters: z.object({
    order_number: z
      .string()
      .regex(/^\d{1,8}$/, 'digits only')
      .describe('The number, digits only'),
  }),
  timeoutMs: 3000,
  sideEffects: false,
  async run({ order_number }, { services, sessionId }) {
    const order = services.orders.of(sessionId).find(order_number);
    return order ? { found: true, order } : { found: false, order_number };
  },
});
