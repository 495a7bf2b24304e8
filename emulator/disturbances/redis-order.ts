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
