import { z } from 'zod';
import type { FaultName } from '../../shared/protocol/faults.ts';
import type { ActiveFault } from './disturbances.ts';

/** How the line to Redis shall fail; undefined: not at all. */
export type RedisFault = { readonly fault: FaultName; readonly amountMs: number } | undefined;

/** Tells whoever has the line to Redis how it shall fail. What is felt of it is counted with that fault. */
export type RedisOrder = (fault: Pick<ActiveFault, 'fault' | 'amountMs' | 'count'> | undefined) => void;

/** What goes over the channel between a process and whoever has started it. */
export const redisOrder = (fault: RedisFault, number = 0) => ({
  redis: fault === undefined ? null : { fault: fault.fault, amountMs: fault.amountMs },
  redisOrder: number,
});

/** What goes back over it: how often an order was felt since that was told last. */
export const redisFelt = (times: number, number: number) => ({ redisFelt: times, redisOrder: number });

const felt = z.object({ redisFelt: z.int().min(1).max(1_000_000), redisOrder: z.int() });

/** What is felt of an order is told a moment later, when another one may be in force. */
const ORDERS_KEPT = 16;

/** The starter of this process, where it has the line and listens; `npm start` does. */
export function redisLineOf(
  self: Pick<NodeJS.Process, 'send' | 'connected'> & {
    on(event: 'message', listener: (message: unknown) => void): unknown;
  },
): RedisOrder | undefined {
  if (self.send === undefined) return undefined;
  const counts = new Map<number, ActiveFault['count']>();
  let number = 0;
  self.on('message', (message: unknown) => {
    const told = felt.safeParse(message).data;
    const count = told && counts.get(told.redisOrder);
    if (count) count.felt += told.redisFelt;
  });
  return (fault) => {
    number += 1;
    if (fault) counts.set(number, fault.count);
    counts.delete(number - ORDERS_KEPT);
    if (self.connected) self.send?.(redisOrder(fault, number));
  };
}
