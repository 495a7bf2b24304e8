import type { CallEvent, CallEventKind } from '../../shared/carrier/call-events.ts';
import type { Session, SessionStatus } from '../../shared/sessions/session.ts';
import type { SessionPatch } from '../../shared/sessions/session-store.ts';

/** A call only ever moves down this list. */
const ORDER: readonly SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];

/** What an event says the call has come to, at the least. */
const REACHED: Readonly<Partial<Record<CallEventKind, SessionStatus>>> = {
  connected: 'connected',
  ended: 'disconnected',
  failed: 'failed',
};

/**
 * The status after an event. Carriers promise no order and repeat themselves, so the answer is the later of the two in a fixed
 * order: any order and any repetition of the same events ends in the same status, and nothing revives a call that is over.
 */
export function nextStatus(status: SessionStatus, kind: CallEventKind): SessionStatus {
  const reached = REACHED[kind];
  return reached !== undefined && ORDER.indexOf(reached) > ORDER.indexOf(status) ? reached : status;
}

/** Whether an event says that its call is over, or never was. */
export const endsCall = (kind: CallEventKind): boolean => isOver(REACHED[kind] ?? 'initiating');

export const isOver = (status: SessionStatus): boolean => status === 'disconnected' || status === 'failed';

/**
 * What an event changes of its session; undefined where it changes nothing. Times are the event's own, because events may
 * arrive late.
 */
export function patchFor(session: Session, event: CallEvent): SessionPatch | undefined {
  const status = nextStatus(session.status, event.kind);
  const reached = REACHED[event.kind];
  const ends = reached !== undefined && isOver(reached);
  const patch: SessionPatch = {
    ...(status !== session.status && { status }),
    ...(event.kind === 'connected' && session.connectedAt === undefined && { connectedAt: event.at }),
    ...(ends && session.endedAt === undefined && { endedAt: event.at }),
    ...(ends && session.endReason === undefined && { endReason: reasonOf(event) }),
  };
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function reasonOf(event: CallEvent): string {
  const { code, subCode, message } = event.result ?? {};
  const codes = [code, subCode].filter((part) => part !== undefined).join('/');
  return [event.name.replace(/^[a-z]+\./, ''), codes, message]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}
