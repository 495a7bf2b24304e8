import type { Clock } from '../../shared/clock.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';

/** A session that was handed over in a pause, and is taken up so soon, goes on as if nothing had been. */
const UNNOTICED_MS = 3000;

/** How long ago a session was handed over, where its caller has not noticed. */
export function unnoticedMs({ handedOverAt }: Pick<Session, 'handedOverAt'>, wallMs: number): number | undefined {
  if (handedOverAt === undefined) return undefined;
  const sinceMs = wallMs - handedOverAt;
  return Math.abs(sinceMs) < UNNOTICED_MS ? sinceMs : undefined;
}

/**
 * Since when nobody has talked with the caller of a session that is taken up, on the session's clock: its host has died, or
 * its media was lost. Undefined where nobody had it before, or he hears nothing of it. Never rejects: no call waits for it.
 */
export async function aloneSince(
  session: Session,
  store: { readonly held: Pick<SessionStore['held'], 'aloneMs'> },
  clock: Clock,
): Promise<number | undefined> {
  // A browser that was away heard nothing because it was.
  if (session.channel !== 'phone' || unnoticedMs(session, clock.wallMs()) !== undefined) return undefined;
  const ms = await store.held.aloneMs(session.id).catch(() => undefined);
  return ms === undefined ? undefined : clock.now() - ms;
}
