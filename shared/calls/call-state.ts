import type { CallEventKind } from '../carrier/call-events.ts';
import type { SessionStatus } from '../sessions/session.ts';

/**
 * What a call has come to. It begins as `initiating` (we call) or `ringing` (we are called).
 *
 * Nobody promises an order of events, or that each comes, once. So a call only ever moves down this table, and any order and
 * any repetition of the same events end in the same state; nothing revives a call that is over. A call that never came about
 * counts for more than one that has ended, as the second may only be the end of the first.
 */
export type CallState = SessionStatus;

const NEXT: Readonly<Record<CallState, Partial<Record<CallEventKind, CallState>>>> = {
  initiating: { connected: 'connected', 'media-started': 'connected', ended: 'disconnected', failed: 'failed' },
  ringing: { connected: 'connected', 'media-started': 'connected', ended: 'disconnected', failed: 'failed' },
  connected: { ended: 'disconnected', failed: 'failed' },
  disconnected: { failed: 'failed' },
  failed: {},
};

/** What a call has come to after an event of this kind, whatever came before. */
export const nextState = (state: CallState, kind: CallEventKind): CallState => NEXT[state][kind] ?? state;

/** Whether a call is over, or never was. */
export const isOver = (state: CallState): boolean => state === 'disconnected' || state === 'failed';
