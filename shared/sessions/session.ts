import type { CallWish } from '../calls/call-wish.ts';
import type { KeysUnderWay } from '../calls/keys-wish.ts';
import type { AnsweredBy, VoicemailPolicy } from '../calls/voicemail-policy.ts';
import type { ServiceTranscript } from '../carrier/service-transcript.ts';

/**
 * What both halves know of one conversation, in Redis. What was said is kept apart from it: `SessionStore.history`.
 * The stored form carries a number of its own; see `SCHEMA`.
 */
export interface Session {
  readonly id: string;
  /** Counts the changes; a patch names the version that it was made from. */
  readonly version: number;
  readonly channel: 'phone' | 'browser';
  readonly direction: 'inbound' | 'outbound';
  /** How the caller's words and the agent's meet, such as `media`. A lower-case name; a host refuses those that it does not know. */
  readonly mode: string;
  readonly agent: string;
  readonly status: SessionStatus;
  readonly callConnectionId?: string;
  readonly serverCallId?: string;
  readonly correlationId?: string;
  /** E.164 or raw id. Private: never into a log. */
  readonly from?: string;
  readonly to?: string;
  /** Our number, by which others are called for the caller, where our side of the call is none, as in Teams Phone. */
  readonly shownNumber?: string;
  /** What is spoken at first, as in `de-DE`, where the called number says so. */
  readonly language?: string;
  /** What whoever placed the call tells the agent of it. JSON, small. Private: never into a log. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** It is to be recorded from its beginning, whatever its agent says. */
  readonly recorded?: boolean;
  /** Whoever is recorded in it is told so without the agent's voice, or not at all: it can be where nobody speaks. */
  readonly noticeUnspoken?: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly connectedAt?: number;
  readonly endedAt?: number;
  /** One of `END_REASONS`, or what that list says beside. */
  readonly endReason?: string;
  /** How the carrier told the end, in its own codes and words. May name somebody: never into a log. */
  readonly endDetail?: string;
  /** What is done where no human answers it; without it, what its agent says. */
  readonly voicemail?: VoicemailPolicy;
  /** Who, or what, has answered a call that we placed: `human`, `voicemail`, `menu`, `unavailable` or `unsure`. */
  readonly answeredBy?: AnsweredBy;
  /** The number of the last turn, so that a host that takes the session over counts on from there. */
  readonly turns?: number;
  /** W3C `traceparent` of the span that its trace begins with. */
  readonly traceparent?: string;
  /** When a host handed it over to another one in a pause of its talk; milliseconds since 1970. */
  readonly handedOverAt?: number;
  /** Redis had lost it, and its host has written it again: what had ended before is known no more. */
  readonly restored?: boolean;
  /** The keys that are collected of the caller. Nothing that he has pressed is in it. */
  readonly keys?: KeysUnderWay;
  /**
   * What a minute costs of an outbound call, and of whom the API has rung into a call, in millionths of the currency of
   * OUTBOUND_PRICES; where a budget is kept.
   */
  readonly minutePrice?: number;
}

export type SessionStatus = 'initiating' | 'ringing' | 'connected' | 'disconnected' | 'failed';

export type NewSession = Omit<Session, 'version' | 'createdAt'>;
export type SessionPatch = Partial<Omit<Session, 'id' | 'version' | 'createdAt'>>;

/** One thing that happened, in the session's stream. `id` is the stream's own, sortable. */
export interface SessionEvent {
  readonly id: string;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  readonly type: string;
  readonly source: 'functions' | 'stream-host';
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event to be written. Without `at` it is dated when it is written. */
export type NewEvent = Omit<SessionEvent, 'id' | 'at'> & { readonly at?: number };

/** What is asked of the replica that holds the session. */
export type SessionCommand =
  | { readonly type: 'end'; readonly reason: string }
  /** From the host that has ACS's transcription socket, which may be another than the one that holds the session. */
  | { readonly type: 'transcribed'; readonly phrase: ServiceTranscript }
  /** A key that the carrier has told of, beside the media stream. Never one of a secret. */
  | { readonly type: 'key'; readonly key: string }
  /** From the API: something is to be done with the call that needs whoever talks on it. */
  | { readonly type: 'wish'; readonly operationContext: string; readonly wish: CallWish | { readonly kind: 'record' } }
  /** Something that was asked of the carrier has ended; the ledger knows what it was. Told once or more. */
  | {
      readonly type: 'operation';
      readonly operationContext: string;
      readonly succeeded: boolean;
      readonly reason: string;
    }
  /** Who is in the call now. `sequence` rises. Private: never into a log. */
  | { readonly type: 'participants'; readonly ids: readonly string[]; readonly sequence?: number };
