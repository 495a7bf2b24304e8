import type { Redis } from 'ioredis';
import type { CallTraces } from './call-traces.ts';

/** Has the commands of a connection counted for what is being done when they are sent. */
export function watchCommands(redis: Pick<Redis, 'sendCommand'>, traces: Pick<CallTraces, 'command'>): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (...given: Parameters<Redis['sendCommand']>) => {
    traces.command(given[0].promise);
    return send(...given);
  };
}
