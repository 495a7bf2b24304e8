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
 * For how long nobody had a phone call that is taken up now: its host has died, or its media was lost. Undefined where nobody had
 * it before, or Redis does not say: it is asked beside what has to be read of the session, and no call fails because of it.
 */
export const aloneFor = (
  sessionId: string,
  store: { readonly held: Pick<SessionStore['held'], 'aloneMs'> },
): Promise<number | undefined> => store.held.aloneMs(sessionId).catch(() => undefined);

/** Since when its caller has heard nobody, on the session's clock; undefined where he has not noticed, or nobody knows. */
export function aloneSince(session: Session, aloneMs: number | undefined, clock: Clock): number | undefined {
  if (aloneMs === undefined || unnoticedMs(session, clock.wallMs()) !== undefined) return undefined;
  return clock.now() - aloneMs;
}
