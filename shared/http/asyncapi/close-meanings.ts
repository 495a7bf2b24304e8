import type { CLOSE } from '../../protocol/close-codes.ts';

export type CloseName = keyof typeof CLOSE;

/** What a close code says, and what whoever is closed does about it. */
export const CLOSE_MEANINGS: Readonly<Record<CloseName, { readonly meaning: string; readonly remedy: string }>> = {
  normal: { meaning: 'The session is over.', remedy: 'Nothing: a session that was ended stays ended.' },
  goingAway: {
    meaning: 'The server is being restarted, or a watch has lasted half a day.',
    remedy: 'Connect again at once, under the same `session_id`: the session goes on.',
  },
  malformed: { meaning: 'Too many frames that break the protocol.', remedy: 'Read the reason, and mend the sender.' },
  unauthorised: {
    meaning: 'The right to come back to a session does not open another one.',
    remedy: 'Ask for a new ticket.',
  },
  unknownCall: {
    meaning: 'The call or its session is unknown, over, or belongs to another.',
    remedy: 'Read the reason; do not connect again by the same address.',
  },
  noAudio: {
    meaning: 'No audio came: none at first, or none any more. Silence is audio too.',
    remedy: 'Send silence while nobody speaks; then connect again.',
  },
  alreadyConnected: {
    meaning: 'Another socket speaks for this session.',
    remedy: 'Nothing, where it is yours; else wait until it is gone.',
  },
  oversized: { meaning: 'A message is larger than any that the protocol needs.', remedy: 'Send smaller ones.' },
  unsupportedAudio: {
    meaning: 'Another encoding, rate or number of channels than the protocol’s.',
    remedy: 'Send PCM16LE mono at a rate that the reason names.',
  },
  tooManySessions: {
    meaning: 'Reserved for sessions that are taken away for want of room.',
    remedy: 'Today a refusal is an HTTP answer with 429 or 503.',
  },
  tooFast: {
    meaning: 'Audio or messages came faster than time passes, for long.',
    remedy: 'Send at the pace of speech.',
  },
  internal: { meaning: 'A fault of the server; its log has it.', remedy: 'Connect again in a moment.' },
};
