import { z } from 'zod';
import { type BrowserMessage, browserMessage } from './browser.ts';

/** What is added to each message that is relayed. */
export const relayedAbout = z.object({
  session_id: z.string().describe('The session that the message is about.'),
  call_id: z.string().nullable().describe('Of the phone call; null where a browser talks.'),
});

const [envelope, , ...others] = browserMessage.options;

/** The kinds of messages that are relayed: all that a browser is sent, except the voice. */
export const RELAYED = [envelope, ...others] as const;

/**
 * The messages of `/api/v1/realtime/dashboard/relay`: those of `browser.ts` except `audio_data`, for every session of
 * every host, each with the session and the call that it is about. Down only: what is sent up is passed over.
 *
 * Query: `session_id` (the session's id, or the `browser_session_id` that the context of `calls/initiate` named) or
 * `call_connection_id`. Without either all sessions are told, which only a page of the machine itself may ask for, in
 * development. What happened before the socket opened is not told.
 */
export const relayMessage = z.intersection(z.discriminatedUnion('type', [...RELAYED]), relayedAbout);

export type RelayMessage = BrowserMessage & Readonly<z.infer<typeof relayedAbout>>;
