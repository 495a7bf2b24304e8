import { NotFoundError } from '../../shared/errors.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';

/** @param id of the session, or of the call connection */
export const lookUpSession = async (store: SessionStore, id: string): Promise<Session | undefined> =>
  (await store.get(id)) ?? (await store.findByCall(id));

/**
 * @param id of the session, or of the call connection
 * @throws {NotFoundError} `calls.not-found`
 */
export async function findSession(store: SessionStore, id: string): Promise<Session> {
  const session = await lookUpSession(store, id);
  if (session === undefined) throw callNotFound();
  return session;
}

export const callNotFound = () =>
  new NotFoundError('calls.not-found', 'There is no such call, or it was too long ago.');
