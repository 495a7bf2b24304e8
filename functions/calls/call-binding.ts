import type { CallIds } from '../../shared/call-control/call-control.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';

/**
 * Notes which call of ACS belongs to a session. The answer to our request, a callback and the media socket may each
 * be the first to know, so each does this, and who comes later finds it done.
 *
 * @returns the id of the session that the call is bound to
 */
export async function bindCall(store: SessionStore, sessionId: string, ids: CallIds): Promise<string> {
  const bound = await store.bindCall(ids.callConnectionId, sessionId);
  await store.update(bound, (session) => (session.callConnectionId === undefined ? { ...ids } : undefined));
  return bound;
}
