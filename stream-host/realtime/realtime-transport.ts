/** Why a transport is gone. */
export type TransportEnd =
  /** The service answered the upgrade with this HTTP status. */
  | { readonly type: 'refused'; readonly status: number }
  /** No connection came about. `isIdentity`: we could not even get a token. */
  | { readonly type: 'unreachable'; readonly reason: string; readonly isIdentity?: boolean }
  /** The service does not answer pings any more. */
  | { readonly type: 'silent' }
  /** Closed by the service, or broken. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string };

export interface TransportListener {
  /** One text message of the service. */
  onMessage(text: string): void;
  /** The last call. Not made for a transport that was closed by us, and never before it was handed out. */
  onEnd(end: TransportEnd): void;
}

/** What carries the events of one session: a web socket, or a script. */
export interface RealtimeTransport {
  /** Sends one text message; nothing where it is not open. */
  send(text: string): void;
  /** Bytes that were sent and that the network has not taken. */
  readonly bufferedBytes: number;
  /** Idempotent. */
  close(): void;
}

export type OpenTransport = (listener: TransportListener) => RealtimeTransport;
