import { z } from 'zod';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'change_delivery_day',
  description:
    'Moves the delivery of an order to another day. Says so when a rule forbids it (reason), with the earliest and latest day that are possible.',
  parameters: z.object({
    order_number: z
      .string()
      .regex(/^\d{1,8}$/, 'digits only')
      .describe('The number, digits only'),
    new_day: z
      .string()
      .max(20)
      .describe('A weekday such as "Friday" (the next one), "tomorrow", or a date as YYYY-MM-DD'),
  }),
  timeoutMs: 5000,
  sideEffects: true,
  async run({ order_number, new_day }, { services, sessionId }) {
    return { order_number, ...services.orders.of(sessionId).changeDeliveryDay(order_number, new_day) };
  },
});
