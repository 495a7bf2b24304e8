/** What both halves know of one conversation. Kept in Redis; changed only by versioned patches. */
export interface Session {
  readonly id: string;
  /** Counts the changes; a patch names the version that it was made from. */
  readonly version: number;
  readonly channel: 'phone' | 'browser';
  readonly direction: 'inbound' | 'outbound';
  readonly mode: 'media';
  readonly agent: string;
  readonly status: SessionStatus;
  readonly callConnectionId?: string;
  readonly serverCallId?: string;
  readonly correlationId?: string;
  /** E.164 or raw id. Private: never into a log. */
  readonly from?: string;
  readonly to?: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly connectedAt?: number;
  readonly endedAt?: number;
  readonly endReason?: string;
  /** The conversation so far, cut to what was heard: what another replica goes on from. */
  readonly history: readonly unknown[];
}

export type SessionStatus = 'initiating' | 'ringing' | 'connected' | 'disconnected' | 'failed';

/** One thing that happened, in the session's stream. `id` is the stream's own, sortable. */
export interface SessionEvent {
  readonly id: string;
  readonly at: number;
  readonly type: string;
  readonly source: 'functions' | 'stream-host';
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a function asks of the replica that holds the session. */
export type SessionCommand = { readonly type: 'end'; readonly reason: string };
