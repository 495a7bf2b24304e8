import type { CallResult } from './call-results.ts';

/** Why a call ended, for all or for one of its parties, in the words and codes in which ACS reports it. */
export interface CallEnd extends CallResult {
  readonly by: 'phone' | 'application' | 'network';
}

/**
 * The life of a call, in this order and never back; some calls skip states.
 * `established` says whether the call was ever connected: if not, ACS reports a failure to connect, not a disconnection.
 */
export type CallState =
  | { readonly name: 'ringing' }
  | { readonly name: 'connecting' }
  | { readonly name: 'connected' }
  | { readonly name: 'disconnecting'; readonly established: boolean; readonly end: CallEnd }
  | { readonly name: 'disconnected'; readonly established: boolean; readonly end: CallEnd };

export type CallEvent =
  /** Both sides want the call: the phone took it, or the application answered. */
  | { readonly type: 'accepted' }
  | { readonly type: 'established' }
  | { readonly type: 'ended'; readonly end: CallEnd }
  /** Nothing of the call is left: its media socket is closed and its line is free. */
  | { readonly type: 'released' };

/** The next state; the same object when the event means nothing there (a hang-up that came second, say). */
export function nextState(state: CallState, event: CallEvent): CallState {
  switch (event.type) {
    case 'accepted':
      return state.name === 'ringing' ? { name: 'connecting' } : state;
    case 'established':
      return state.name === 'connecting' ? { name: 'connected' } : state;
    case 'ended':
      return state.name === 'disconnecting' || state.name === 'disconnected'
        ? state
        : { name: 'disconnecting', established: state.name === 'connected', end: event.end };
    case 'released':
      return state.name === 'disconnecting' ? { ...state, name: 'disconnected' } : state;
  }
}

/** The state as ACS names it: it calls a ringing call `connecting`. */
export const wireState = (state: CallState): string => (state.name === 'ringing' ? 'connecting' : state.name);

const ended = (by: CallEnd['by'], code: number, subCode: number, message: string): CallEnd => ({
  by,
  code,
  subCode,
  message,
});

/** The ends of a call. Sub codes 560xxx carry the SIP status of the phone network, as ACS's do. */
export const CALL_ENDS = {
  phoneHungUp: ended('phone', 200, 560_000, 'The conversation has ended. DiagCode: 0#560000.@'),
  applicationHungUp: ended('application', 200, 7000, 'The conversation has ended by bot. DiagCode: 0#7000.@'),
  transferred: ended('network', 200, 7015, 'The call was transferred. DiagCode: 0#7015.@'),
  /** Of a party. */
  removed: ended('application', 200, 5000, 'Removed from the call. DiagCode: 0#5000.@'),
  /** Of a call that only one is left in. */
  alone: ended('network', 200, 5010, 'Nobody else is left in the call. DiagCode: 0#5010.@'),
  canceled: ended('application', 487, 540_487, 'The call was canceled by the originator.'),
  nobodyThere: ended('network', 404, 560_404, 'Phone number not found: no phone is plugged in under it.'),
  busy: ended('phone', 486, 560_486, 'Callee busy: the phone is in another call.'),
  declined: ended('phone', 603, 560_603, 'The callee declined the call.'),
  noAnswer: ended('network', 480, 560_480, 'The callee did not answer in time.'),
  serviceStopped: ended('network', 503, 560_503, 'The emulator was stopped.'),
} as const satisfies Record<string, CallEnd>;
