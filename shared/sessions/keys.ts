import { createHash } from 'node:crypto';
import { RequestError } from '../errors.ts';

/**
 * Every key that Parley has in Redis. The keys of one session share a hash tag, so that they live in one cluster slot
 * and one script may touch them all; a script never touches keys of two slots. Each key has a time to live.
 */
export interface SessionKeys {
  /** Hash: the session. Changed only by scripts, which raise its version. */
  readonly session: string;
  /** List: the conversation, an item each. Kept apart from the session, which is read often and must be small. */
  readonly history: string;
  /** Stream, capped: what happened. */
  readonly events: string;
  /** Stream, capped: what is asked of the replica that holds the session. Also the name of the doorbell's channel. */
  readonly commands: string;
  /** String: id of the last command that a replica has carried out. The next replica goes on after it. */
  readonly commandsDone: string;
  /** String with a lease's time to live: the replica that holds the session. */
  readonly owner: string;
  /** Hash: how far the session's words have been delivered to the webhook, and who delivers them. */
  readonly outbox: string;
  /** String: who has opened the session, where people sign in. */
  readonly visitor: string;
  /** Stream: what the carrier has told of the call, and nobody has taken in yet. */
  readonly inbox: string;
  /** Sorted set by time, capped: ids of events that were told, so that none counts twice. */
  readonly inboxSeen: string;
  /** String with a lease's time to live: who takes in what was told, and does what follows. */
  readonly inboxOwner: string;
  /** Hash by name: what follows from events and is not done yet, and when it is due. */
  readonly todo: string;
  /** Hash by `operationContext`: what was asked of the carrier. */
  readonly operations: string;
  /** Hash by `operationContext`: what came of it so far. */
  readonly operationStates: string;
  /** String: there while the caller presses what nobody may keep. */
  readonly secretKeys: string;
  /** String: how often the media was lost lately. */
  readonly mediaAttempts: string;
  /** String: how often ACS's words were lost lately. */
  readonly wordsAttempts: string;
}

/** Braces would break the hash tag; the rest of the alphabet is what ids are made of. */
const SESSION_ID = /^[\w.:~-]{1,128}$/;

export const isSessionId = (id: string): boolean => SESSION_ID.test(id);

/** @throws {RequestError} `session.id-invalid` */
export function sessionKeys(id: string): SessionKeys {
  if (!isSessionId(id)) {
    throw new RequestError(
      'session.id-invalid',
      'A session id has 1 to 128 letters, digits or the characters _ - . : ~',
    );
  }
  const prefix = `parley:{${id}}`;
  return {
    session: `${prefix}:session`,
    history: `${prefix}:history`,
    events: `${prefix}:events`,
    commands: `${prefix}:commands`,
    commandsDone: `${prefix}:commands-done`,
    owner: `${prefix}:owner`,
    outbox: `${prefix}:outbox`,
    visitor: `${prefix}:visitor`,
    inbox: `${prefix}:inbox`,
    inboxSeen: `${prefix}:inbox-seen`,
    inboxOwner: `${prefix}:inbox-owner`,
    todo: `${prefix}:todo`,
    operations: `${prefix}:operations`,
    operationStates: `${prefix}:operation-states`,
    secretKeys: `${prefix}:secret-keys`,
    mediaAttempts: `${prefix}:media-attempts`,
    wordsAttempts: `${prefix}:words-attempts`,
  };
}

/**
 * A session's keys in the order in which every script takes them: session, events, commands, commandsDone, history,
 * owner.
 * @throws {RequestError} `session.id-invalid`
 */
export function scriptKeys(id: string): [string, string, string, string, string, string] {
  const { session, events, commands, commandsDone, history, owner } = sessionKeys(id);
  return [session, events, commands, commandsDone, history, owner];
}

/** String: the id of the session that this call belongs to. */
export const callKey = (callConnectionId: string): string => `parley:call:${callConnectionId}`;

/** String with a ticket's time to live: what it is good for. */
export const ticketKey = (hash: string): string => `parley:ticket:${hash}`;

/** Sorted set by time of creation: the index of sessions. */
export const CALLS_KEY = 'parley:calls';

/** The same of sessions with one status. It may hold one too many, whose status has changed since, and never one too few. */
export const statusKey = (status: string): string => `${CALLS_KEY}:${status}`;

/** The same of sessions with one agent. */
export const agentKey = (agent: string): string => `${CALLS_KEY}:agent:${agent}`;

/** The same of sessions with one number, theirs or ours. Hashed, because tools show lists of keys. */
export const numberKey = (number: string): string =>
  `${CALLS_KEY}:number:${createHash('sha256').update(number).digest('base64url').slice(0, 22)}`;

/** Sorted set by the time of the next look: sessions that must not stand without anybody to talk in them. */
export const WATCH_KEY = 'parley:watch';

/** Sorted set by the time of the next look: sessions of whose calls something was told, or is to be done. */
export const WORK_KEY = 'parley:work';

/** Hash by host id: the replicas with their load. Beside them, by `~` and a session's id: places kept for calls. */
export const HOSTS_KEY = 'parley:hosts';

/** Set: ids of the sessions that a replica holds. */
export const heldKey = (hostId: string): string => `parley:held:${hostId}`;

/** Hash by agent and mode: the places that were free when they were counted last, where there are many hosts. */
export const COUNTED_KEY = `parley:{${HOSTS_KEY}}:counted`;

/** String: how many hosts there were when all were looked through last, where there are many. */
export const LOOKED_THROUGH_KEY = `parley:{${HOSTS_KEY}}:looked-through`;
/** How many of them had a place then. A key of its own, as releases before this one read the other as a number. */
export const ROOMY_KEY = `parley:{${HOSTS_KEY}}:roomy`;

/** String without content: written to see whether Redis takes writes. */
export const PROBE_KEY = 'parley:probe';

/** Sorted set by the time of the next look: sessions whose words go to the webhook. */
export const DELIVERIES_KEY = 'parley:deliveries';

/** List, capped: spans that a stream host is to export. */
export const SPANS_KEY = 'parley:spans';

/** List, capped, the newest first: words that the webhook did not take. */
export const DEAD_LETTERS_KEY = 'parley:dead-letters';
