import type { CallEvent } from '../../carrier/call-events.ts';
import type { Session, SessionCommand, SessionPatch } from '../../sessions/session.ts';
import type { NewTodo } from '../call-inbox.ts';
import type { Settlement } from '../operation-ledger.ts';

/** What is done after an event, by whoever works at the call: see `follow-ups.ts`. Doing it twice is as good as once. */
export type FollowUp =
  /** The call is over: its place and what it has not used of its price are given back. */
  | 'over'
  /** It stands although we gave it up: nobody would ever talk on it. */
  | 'hang-up'
  /** Its media is to be started again. */
  | 'media-lost'
  /** So are the carrier's words. */
  | 'words-lost'
  /** Redis does not know its session. */
  | 'session-lost'
  /** The operations that are still open will hear nothing more. */
  | 'reconcile-now';

/** What an event changes. All but `follow` is written in one step, in which the event is taken out of the inbox. */
export interface Consequences {
  readonly patch?: SessionPatch;
  readonly commands?: readonly SessionCommand[];
  readonly settled?: readonly Settlement[];
  readonly follow?: readonly FollowUp[];
  /** What is done after it, too, with more to go by than the call. */
  readonly tasks?: readonly NewTodo[];
  /** What the timeline tells beyond what it tells of every event. Nothing private. */
  readonly told?: Readonly<Record<string, unknown>>;
}

/** What an event of one kind changes of its session. Pure: where somebody else was quicker, it is asked again. */
export type Handler = (session: Session, event: CallEvent) => Consequences;

export const NOTHING: Consequences = {};

/** It only stands in the timeline. */
export const onlyTold: Handler = () => NOTHING;
