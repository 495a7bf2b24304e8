import { z } from 'zod';
import type { FaultName } from '../../shared/protocol/faults.ts';

/** How the line to Redis shall fail; undefined: not at all. */
export type RedisFault = { readonly fault: FaultName; readonly amountMs: number } | undefined;

/** Tells whoever has the line to Redis how it shall fail. */
export type RedisOrder = (fault: RedisFault) => void;

/** What goes over the channel between a process and whoever has started it. */
export const redisOrder = (fault: RedisFault) => ({
  redis: fault === undefined ? null : { fault: fault.fault, amountMs: fault.amountMs },
});

/** The starter of this process, where it has the line and listens; `npm start` does. */
export function redisLineOf(self: Pick<NodeJS.Process, 'send' | 'connected'>): RedisOrder | undefined {
  if (self.send === undefined) return undefined;
  return (fault) => {
    if (self.connected) self.send?.(redisOrder(fault));
  };
}

/** What goes back over it: how often it was felt since that was told last. */
export const redisFelt = (times: number) => ({ redisFelt: times });

const felt = z.object({ redisFelt: z.int().min(1).max(1_000_000) });

/** Hears how often what was ordered is felt. */
export function hearRedisFelt(
  self: { on(event: 'message', listener: (message: unknown) => void): unknown },
  onFelt: (times: number) => void,
): void {
  self.on('message', (message: unknown) => {
    const told = felt.safeParse(message).data;
    if (told) onFelt(told.redisFelt);
  });
}
