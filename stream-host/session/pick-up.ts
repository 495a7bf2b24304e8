import type { Clock } from '../../shared/clock.ts';
import { NotFoundError, ParleyError } from '../../shared/errors.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';

/** What a media socket says of itself when it connects. */
export interface CallIdentity {
  /** From the carrier's own header (or the query `call_connection_id`). */
  readonly callConnectionId?: string | undefined;
  /** From the query `session_id`, which we wrote into the socket's address ourselves. */
  readonly sessionId?: string | undefined;
}

export interface PickUpOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  /** How long the session may be late. */
  readonly waitMs?: number;
  /** Ends the wait when the socket is gone. */
  readonly signal?: AbortSignal;
}

const POLL_MS = [20, 40, 80, 160, 250] as const;

/**
 * Finds the session of a call whose media socket has just connected, and binds the call to it.
 *
 * The socket may come before the answer's response and before the event that the call is connected, each of which would have bound the call:
 * then the session's own id leads to it and the binding happens here. It may also come before the session is visible at
 * all (another replica of Redis, a late writer): then this waits, for a bounded time.
 *
 * @throws {NotFoundError} `call.unknown` when no session turns up, `call.ended` when it is over, `call.mismatch` when
 * the session belongs to another call
 */
export async function pickUp(identity: CallIdentity, options: PickUpOptions): Promise<Session> {
  const { callConnectionId, sessionId } = identity;
  if (!callConnectionId && !sessionId) {
    throw new NotFoundError('call.unknown', 'The socket names neither a call nor a session.');
  }
  const session = await awaitSession(identity, options);
  if (session.channel !== 'phone') throw new NotFoundError('call.mismatch', 'The session is no phone call.');
  if (session.status === 'disconnected' || session.status === 'failed') {
    throw new NotFoundError('call.ended', 'The call is over.');
  }
  return callConnectionId ? options.store.bind(session.id, { callConnectionId }) : session;
}

async function awaitSession(identity: CallIdentity, options: PickUpOptions): Promise<Session> {
  const { store, clock, waitMs = 3000, signal } = options;
  const deadline = clock.now() + waitMs;
  for (let attempt = 0; ; attempt += 1) {
    const found = await find(identity, store).catch(passingFailure);
    if (found !== undefined && !(found instanceof ParleyError)) return found;
    const delayMs = POLL_MS[Math.min(attempt, POLL_MS.length - 1)] ?? 250;
    if (signal?.aborted || clock.now() + delayMs > deadline) {
      throw found ?? new NotFoundError('call.unknown', `No session for this call within ${waitMs} ms.`);
    }
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  }
}

/** A Redis that is away for a moment is waited for, as a late session is: ACS would count the socket as failed. */
function passingFailure(error: unknown): ParleyError {
  if (error instanceof ParleyError && error.status === 503) return error;
  throw error;
}

/** The call's binding is the truth; the address's session id is how an unbound call is found. */
async function find({ callConnectionId, sessionId }: CallIdentity, store: SessionStore): Promise<Session | undefined> {
  const bound = callConnectionId ? await store.findByCall(callConnectionId) : undefined;
  return bound ?? (sessionId ? store.get(sessionId) : undefined);
}
