import type { PhoneCommand, PhoneEvent } from '../shared/protocol/phone-line.ts';

/** What the page's simulated phone is doing. `news` is how the last call went, while that is still of interest. */
export type PhoneState =
  | { readonly name: 'unplugged'; readonly news?: string }
  | { readonly name: 'ready'; readonly number: string; readonly news?: string }
  | { readonly name: 'dialling'; readonly number: string; readonly to: string }
  | { readonly name: 'ringing'; readonly number: string; readonly from: string }
  | {
      readonly name: 'connected';
      readonly number: string;
      /** What the call is, for a heading. */
      readonly title: string;
      /** What the server calls us, where it tells speakers apart. */
      readonly self: 'caller' | 'callee';
      readonly callConnectionId: string;
      readonly sinceMs: number;
      readonly audio: boolean;
      readonly isOnHold?: boolean;
      /** The call goes on with whoever else is in it. */
      readonly isWithoutAgent?: boolean;
      /** Keys that were pressed in the call. */
      readonly keys: string;
    };

export type PhoneInput =
  | PhoneEvent
  | { readonly type: 'dialled'; readonly to: string }
  | { readonly type: 'pressed'; readonly key: string }
  /** The socket to the emulator went away. */
  | { readonly type: 'unplugged' };

/** What is chosen on the page for a call; whatever is not is left to the deployment. */
export interface CallWishes {
  readonly agent: string | undefined;
  readonly mode: string | undefined;
}

/** What is sent to call a number. */
export function dialCommand(to: string, { agent, mode }: CallWishes): PhoneCommand {
  return {
    type: 'dial',
    to,
    displayName: 'Web page',
    ...(agent !== undefined && { agent }),
    ...(mode !== undefined && { mode }),
  };
}

/** Pure: the phone after an event. @param nowMs of any clock, for the call's length */
export function nextPhone(state: PhoneState, input: PhoneInput, nowMs: number): PhoneState {
  if (input.type === 'unplugged') return { name: 'unplugged', news: 'The emulator does not answer. Is it running?' };
  if (input.type === 'registered') return { name: 'ready', number: input.number };
  if (state.name === 'unplugged') return state;
  const { number } = state;
  switch (input.type) {
    case 'dialled':
      return state.name === 'ready' ? { name: 'dialling', number, to: input.to } : state;
    case 'ringing':
      return { name: 'ringing', number, from: input.from };
    case 'connected': {
      const { callConnectionId } = input;
      return {
        name: 'connected',
        number,
        title: titleOf(state),
        self: state.name === 'ringing' ? 'callee' : 'caller',
        callConnectionId,
        sinceMs: nowMs,
        audio: false,
        keys: '',
      };
    }
    case 'media':
      return state.name === 'connected' ? { ...state, audio: input.state === 'started' } : state;
    case 'pressed':
      return state.name === 'connected' ? { ...state, keys: state.keys + input.key } : state;
    case 'disconnected':
      return { name: 'ready', number, news: endOfCall(state, input.reason, nowMs) };
    case 'refused':
      return state.name === 'connected' ? state : { name: 'ready', number, news: input.message };
    case 'hold':
      return state.name === 'connected' ? { ...state, isOnHold: input.state === 'on' } : state;
    case 'applicationLeft':
      return state.name === 'connected' ? { ...state, isWithoutAgent: true } : state;
    case 'dialling':
    case 'party':
    case 'tone':
    case 'audioStopped':
    case 'faultsTaken':
    case 'fault':
      return state;
  }
}

/** One line for the panel. */
export function describePhone(state: PhoneState, nowMs: number): string {
  switch (state.name) {
    case 'unplugged':
      return state.news ?? 'Plugging in…';
    case 'ready':
      return state.news ?? `Your number is ${state.number}`;
    case 'dialling':
      return `Calling ${state.to}…`;
    case 'ringing':
      return `${state.from} is calling`;
    case 'connected':
      return `Connected ${callLength(nowMs - state.sinceMs)}${howOf(state)}`;
  }
}

function howOf({ isOnHold, isWithoutAgent, audio }: Extract<PhoneState, { name: 'connected' }>): string {
  if (isOnHold) return ', on hold';
  if (isWithoutAgent) return ', the agent has left you to the others';
  return audio ? '' : ', no audio yet';
}

function titleOf(state: PhoneState): string {
  if (state.name === 'dialling') return `Phone call to ${state.to}`;
  return state.name === 'ringing' ? `Phone call from ${state.from}` : 'Phone call';
}

function endOfCall(state: PhoneState, reason: string, nowMs: number): string {
  return state.name === 'connected' ? `Call ended after ${callLength(nowMs - state.sinceMs)}` : `No call: ${reason}`;
}

function callLength(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
