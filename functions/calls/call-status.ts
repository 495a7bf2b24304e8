import type { Session, SessionStatus } from '../../shared/sessions/session.ts';
import type { SessionPatch } from '../../shared/sessions/session-store.ts';
import type { CallbackEvent } from './callback-events.ts';

/** A call only ever moves down this list. */
const ORDER: readonly SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];

/** What an event says the call has come to, at the least. */
const REACHED: Readonly<Record<string, SessionStatus>> = {
  CallConnected: 'connected',
  CallDisconnected: 'disconnected',
  CreateCallFailed: 'failed',
  AnswerFailed: 'failed',
};

/**
 * The status after an event. ACS promises no order and repeats itself, so the answer is the later of the two in a fixed
 * order: any order and any repetition of the same events ends in the same status, and nothing revives a call that is over.
 */
export function nextStatus(status: SessionStatus, eventType: string): SessionStatus {
  const reached = REACHED[eventType];
  return reached !== undefined && ORDER.indexOf(reached) > ORDER.indexOf(status) ? reached : status;
}

/** Whether an event says that its call is over, or never was. */
export const endsCall = (eventType: string): boolean => isOver(REACHED[eventType] ?? 'initiating');

export const isOver = (status: SessionStatus): boolean => status === 'disconnected' || status === 'failed';

/**
 * What an event changes of its session; undefined where it changes nothing. Times are the event's own, because events may
 * arrive late.
 */
export function patchFor(session: Session, event: CallbackEvent): SessionPatch | undefined {
  const status = nextStatus(session.status, event.type);
  const reached = REACHED[event.type];
  const ends = reached !== undefined && isOver(reached);
  const patch: SessionPatch = {
    ...(status !== session.status && { status }),
    ...(event.type === 'CallConnected' && session.connectedAt === undefined && { connectedAt: event.at }),
    ...(ends && session.endedAt === undefined && { endedAt: event.at }),
    ...(ends && session.endReason === undefined && { endReason: reasonOf(event) }),
  };
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function reasonOf(event: CallbackEvent): string {
  const { code, subCode, message } = event.result ?? {};
  const codes = [code, subCode].filter((part) => part !== undefined).join('/');
  return [event.type, codes, message].filter((part) => part !== undefined && part !== '').join(' ');
}
