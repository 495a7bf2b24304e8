import { ERROR_CODES } from '../error-codes.ts';

/**
 * Why a call is over, or our part in it: the one list of it, for the session, the API, the record, the log and telemetry.
 * Where the carrier has told the end, its own code and words stand beside it (`Session.endDetail`). A call that never came
 * about may have one of `ERROR_CODES` instead, and a browser’s session `socket-closed-` and the code of its socket.
 */
export const END_REASONS = {
  'agent-ended': 'The agent ended it, for a reason of its own.',
  busy: 'Whoever was called is busy.',
  'call-failed': 'It never came about; the carrier’s code tells why.',
  'call-gone': 'The carrier does not know it any more, and nobody told how it ended.',
  'call-never-established': 'It was asked for, and nothing was ever told of it.',
  'call-too-long': 'It lasted as long as a call may: MAX_CALL_MS.',
  'caller-away': 'The caller said nothing any more, also when he was asked whether he is there.',
  'caller-ended': 'The person at the telephone hung up: the caller; of a call that we placed, whoever was called.',
  'caller-left': 'The caller was gone, and whoever was left had nothing to do in the call.',
  'carrier-ended': 'The carrier ended it, or somebody in it whom it does not name; its code tells why.',
  declined: 'Whoever was called declined.',
  'handed-over': 'Of a part of a record: another host goes on.',
  'hangup-requested': 'It was hung up by the API.',
  'host-lost': 'The host that had it died.',
  'line-closed': 'Of a part of a record: its line was closed, and no more is known of it.',
  'media-lost': 'Its media was lost, and did not come back.',
  'media-never-came': 'It was answered, and its media never came.',
  menu: 'A menu answered, and what the call’s policy says was done, or nothing more was said.',
  'no-answer': 'The agent had no answer for its caller, again and again, and took its leave.',
  'nobody-left': 'Nobody but us was left in it.',
  'number-unknown': 'There is no telephone of the number that was called.',
  'service-lost': 'The service that speaks for the agent was lost.',
  transferred: 'A human has the call now: we have left it to the caller and him.',
  unanswered: 'Nobody picked up.',
  unavailable: 'An announcement answered: nobody can be had at the number.',
  voicemail: 'A mailbox answered, and what the call’s policy says was done.',
} as const satisfies Readonly<Record<string, string>>;

export type EndReason = keyof typeof END_REASONS;

/** A human has the call now: we have left it to the caller and him. */
export const TRANSFERRED = 'transferred' satisfies EndReason;

/** Whom the end of our part in a call ends it for. A call that a human has taken goes on without us. */
export const whoHangsUp = (endReason: string | undefined): 'everybody' | 'us' =>
  endReason === TRANSFERRED ? 'us' : 'everybody';

/** Why our side ends a conversation by itself. */
const AGENT_ENDS: readonly EndReason[] = [
  'caller-away',
  'menu',
  'no-answer',
  'service-lost',
  'unavailable',
  'voicemail',
];

/** A mailbox answered: what was done then, as the timeline has it (`WatchedMode`). */
const MAILBOXES: readonly string[] = ['voicemail-failed', 'voicemail-left', 'voicemail-no-tone'];

/** Of what ended a conversation the word for the call: what a model gives as its reason is its own, and may quote the caller. */
export const agentsEnd = (reason: string): EndReason =>
  MAILBOXES.includes(reason) ? 'voicemail' : (AGENT_ENDS.find((word) => word === reason) ?? 'agent-ended');

const isOneOf = (list: object, word: string): boolean => Object.hasOwn(list, word);

/** How earlier releases noted what the carrier told: an event's name, two codes, and words. */
const CARRIERS_WORDS = /^\w+ \d+(?:\/\d+)?(?: |$)/;

/**
 * A reason as a word that anybody may read: one of {@link END_REASONS} or `ERROR_CODES`, or `other`. What an agent gives as its
 * reason may quote the caller.
 */
export function endWord(reason: string): string {
  if (isOneOf(END_REASONS, reason) || isOneOf(ERROR_CODES, reason)) return reason;
  if (reason.startsWith('socket-closed-')) return 'line-closed' satisfies EndReason;
  return CARRIERS_WORDS.test(reason) ? ('carrier-ended' satisfies EndReason) : 'other';
}
