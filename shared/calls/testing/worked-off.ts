import type { Redis } from 'ioredis';
import { sessionKeys, WORK_KEY } from '../../sessions/keys.ts';
import type { Calls } from '../open-calls.ts';

/** Lets all that is due later be due now, and does it, until nothing is left at any call. */
export async function workOff(raw: Redis, { work, inbox }: Calls): Promise<void> {
  for (let round = 0; round < 60; round++) {
    const ids = await raw.zrange(WORK_KEY, 0, '-1');
    if (ids.length === 0) return;
    for (const id of ids) {
      const { todo, inboxOwner } = sessionKeys(id);
      await raw.del(inboxOwner);
      const lines = await raw.hgetall(todo);
      for (const [name, line] of Object.entries(lines)) await raw.hset(todo, name, line.replace(/^\d+/, '0'));
      await inbox.work.add(id, 0);
      await work.visit(id);
    }
  }
  throw new Error('The work at the calls does not end');
}

/** What is left in Redis of the work at a call: nothing, once it is done. */
export async function leftovers(raw: Redis, sessionId: string): Promise<Record<string, unknown>> {
  const { inbox, inboxOwner, todo } = sessionKeys(sessionId);
  return {
    events: await raw.xlen(inbox),
    todo: await raw.hgetall(todo),
    owner: await raw.get(inboxOwner),
    due: await raw.zscore(WORK_KEY, sessionId),
  };
}

export const NOTHING_LEFT = { events: 0, todo: {}, owner: null, due: null };
