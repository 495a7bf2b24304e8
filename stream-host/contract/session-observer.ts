import type { Session } from '../../shared/sessions/session.ts';
import type { SessionEventSource } from './events.ts';
import type { OnServed } from './recorder.ts';

/** Watches one session from outside. Never waits and never throws. */
export interface SessionObserver {
  /** Called once, before anything happens in the session. */
  follow(events: SessionEventSource): void;
  readonly served: OnServed;
  /** So many of the session's events will never be on record. */
  lost(events: number): void;
}

/** What is known of a session as it begins on this host. */
export interface OpenedSession {
  readonly session: Session;
  /** Another host, or another socket, had it before. */
  readonly resumed: boolean;
  /** When its socket came, on the session's clock. */
  readonly arrivedAtMs: number;
  /**
   * Since when nobody talked with its caller, on the session's clock: he hears nothing until the agent's next sound. Undefined
   * where somebody did, or nobody talks with callers in its mode.
   */
  readonly aloneSinceMs?: number | undefined;
}

export type ObserveSession = (opened: OpenedSession) => SessionObserver;
