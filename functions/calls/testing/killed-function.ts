import { Redis } from 'ioredis';
import { z } from 'zod';
import { Composition } from '../../composition.ts';
import { callbacksRoute } from '../callbacks.ts';

/**
 * A function that takes one callback and is killed on the way: before it sends its n-th command about a session to Redis, or
 * when that was answered. What it asks of ACS lies between two of these.
 */
const { KILLED_AT, KILLED_WHEN, CALLBACK } = process.env;
const { sessionId, authorization, events } = z
  .object({ sessionId: z.string(), authorization: z.string(), events: z.array(z.unknown()) })
  .parse(JSON.parse(CALLBACK ?? ''));

const die = () => process.kill(process.pid, 'SIGKILL');
let sent = 0;
const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function killing(this: Redis, command, stream) {
  const isOurs = command.args.some((arg) => String(arg).includes(sessionId));
  const isIt = isOurs && ++sent === Number(KILLED_AT);
  if (isIt && KILLED_WHEN === 'before') die();
  const answered = sendCommand.call(this, command, stream);
  if (isIt && KILLED_WHEN === 'after') Promise.resolve(answered).then(die, die);
  return answered;
};

const composition = new Composition(process.env);
await callbacksRoute.answer(
  {
    params: { sessionId },
    query: new URLSearchParams(),
    header: (name) => (name.toLowerCase() === 'authorization' ? authorization : null),
    body: new Response(JSON.stringify(events)).body,
  },
  composition.parts(),
  composition.log,
);
composition.close();
process.exit();
