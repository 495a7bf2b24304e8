import type { BrowserMessage } from './browser.ts';

/**
 * The messages of `/api/v1/realtime/dashboard/relay`: those of `browser.ts` except `audio_data`, for every session of
 * every host, each with the session and the call that it is about. Down only: what is sent up is passed over.
 *
 * Query: `session_id` (the session's id, or the `browser_session_id` that the context of `calls/initiate` named) or
 * `call_connection_id`. Without either all sessions are told, which only a page of the machine itself may ask for, in
 * development. What happened before the socket opened is not told.
 */
export type RelayMessage = BrowserMessage & {
  readonly session_id: string;
  /** Of the phone call; null where a browser talks. */
  readonly call_id: string | null;
};
