import { CLOSE } from '../shared/protocol/close-codes.ts';

/** What went wrong, for a person: one line of fact, one of what to do about it. */
export interface Trouble {
  readonly title: string;
  readonly advice: string;
}

const TROUBLES = {
  'insecure-context': {
    title: 'The browser keeps the microphone from this address.',
    advice:
      'Microphones work on https:// pages and on localhost only. Open this page as http://localhost, or over https.',
  },
  'no-microphone': {
    title: 'No microphone was found.',
    advice: 'Plug one in, or switch it on in the system’s sound settings, and start again. Or type what you would say.',
  },
  'microphone-refused': {
    title: 'This page may not use the microphone.',
    advice: 'Allow it by the icon beside the address (or in the system’s privacy settings), then start again.',
  },
  'microphone-busy': {
    title: 'The microphone did not start.',
    advice: 'Another program may hold it. Close what else records or calls, and start again.',
  },
  'microphone-lost': {
    title: 'The microphone went away.',
    advice: 'Plug it in again, or choose another in the system’s sound settings, and start again.',
  },
  'microphone-gone': {
    title: 'The microphone that was chosen is not there.',
    advice: 'The system’s own is used from now on: start again, or choose another under Settings.',
  },
  'microphone-silent': {
    title: 'The server heard nothing from here and hung up.',
    advice: 'Check that the right microphone is chosen and not muted, and start again.',
  },
  'audio-failed': {
    title: 'Sound could not be started in this browser.',
    advice: 'A current Chrome, Edge, Firefox or Safari can do it. Reload the page, or try another browser.',
  },
  'server-full': {
    title: 'No line is free.',
    advice: 'The server takes no more conversations for the moment. This page keeps asking.',
  },
  'server-down': {
    title: 'The server does not answer.',
    advice: 'Is it running? (npm start.) This page keeps trying, and goes on where you were.',
  },
  'connection-lost': {
    title: 'The connection was lost.',
    advice: 'Connecting again; the conversation goes on where it was. Nobody hears you until then.',
  },
  'other-tab': {
    title: 'This conversation is open in another tab.',
    advice: 'Go on there, or start a new one here.',
  },
  'not-allowed': {
    title: 'The server does not let this page in.',
    advice: 'Open the page at the server’s own address, sign in where it asks you to, and start again.',
  },
  'server-fault': {
    title: 'The server ended the conversation.',
    advice: 'Start a new one. If it happens again, the server’s log says why.',
  },
} as const satisfies Readonly<Record<string, Trouble>>;

/** What keeps a person from speaking, and not from typing. */
export const TYPED_INSTEAD: ReadonlySet<TroubleName> = new Set([
  'no-microphone',
  'microphone-refused',
  'microphone-busy',
  'microphone-lost',
]);

export type TroubleName = keyof typeof TROUBLES;

export function describeTrouble(name: TroubleName): Trouble {
  return TROUBLES[name];
}

/** Sound cannot start; `trouble` says why. */
export class AudioTrouble extends Error {
  readonly trouble: TroubleName;

  constructor(trouble: TroubleName, cause?: unknown) {
    super(TROUBLES[trouble].title, { cause });
    this.name = 'AudioTrouble';
    this.trouble = trouble;
  }
}

const MICROPHONE_TROUBLES: Readonly<Record<string, TroubleName>> = {
  NotFoundError: 'no-microphone',
  OverconstrainedError: 'microphone-gone',
  NotAllowedError: 'microphone-refused',
  SecurityError: 'microphone-refused',
  NotReadableError: 'microphone-busy',
  AbortError: 'microphone-busy',
};

/** What `getUserMedia` threw, told by its name. */
export function microphoneTrouble(error: unknown): AudioTrouble {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  return new AudioTrouble(MICROPHONE_TROUBLES[name] ?? 'audio-failed', error);
}

/** What a socket's close code means, and whether it is worth trying again. */
export function closeTrouble(code: number): { readonly trouble: TroubleName; readonly retry: boolean } | undefined {
  switch (code) {
    case CLOSE.normal:
      return undefined;
    case CLOSE.tooManySessions:
      return { trouble: 'server-full', retry: true };
    case CLOSE.alreadyConnected:
      return { trouble: 'other-tab', retry: false };
    case CLOSE.unauthorised:
      return { trouble: 'not-allowed', retry: false };
    case CLOSE.noAudio:
      return { trouble: 'microphone-silent', retry: false };
    case CLOSE.malformed:
    case CLOSE.oversized:
    case CLOSE.unsupportedAudio:
    case CLOSE.unknownCall:
    case CLOSE.tooFast:
      return { trouble: 'server-fault', retry: false };
    default:
      return { trouble: 'connection-lost', retry: true };
  }
}
