/**
 * What a carrier may tell of a call, in words that are no carrier's own. Events come in any order, late, twice, or not at
 * all; whoever takes them decides by `kind`.
 */
export type CallEvent = CallEventHead & CallEventBody;

export interface CallEventHead {
  /** The carrier's, the same in every delivery. */
  readonly id: string;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  /** The carrier's id of the call; with ACS the call connection id. */
  readonly callId: string;
  readonly serverCallId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Ours, of the operation that it answers. */
  readonly operationContext?: string | undefined;
  readonly result?: CallEventResult | undefined;
  /** How the carrier calls it, with the carrier's own name first: `acs.CallConnected`. For the record; nothing is decided by it. */
  readonly name: string;
}

export interface CallEventResult {
  readonly code?: number;
  readonly subCode?: number;
  readonly message?: string;
}

export type CallEventBody =
  | { readonly kind: 'connected' }
  | { readonly kind: 'ended'; readonly why?: CallEnd | undefined }
  /** The call never came about. */
  | { readonly kind: 'failed'; readonly what: 'place' | 'answer' | 'join'; readonly why?: CallEnd | undefined }
  | ({ readonly kind: 'media-started' | 'media-stopped' | 'media-failed' } & StreamChange)
  | ({
      readonly kind:
        | 'transcription-started'
        | 'transcription-updated'
        | 'transcription-stopped'
        | 'transcription-failed';
    } & StreamChange)
  /** Who is in the call. `sequence` rises; one that is not above the last one is old news. */
  | {
      readonly kind: 'participants';
      readonly sequence?: number | undefined;
      readonly participants: readonly Participant[];
    }
  | {
      readonly kind: 'operation-succeeded' | 'operation-failed' | 'operation-cancelled';
      readonly operation: CallOperation;
      /** Whom it was about, where the carrier says so. */
      readonly participant?: string | undefined;
      /** Of `recording`: which one, where the carrier names it. */
      readonly recordingId?: string | undefined;
    }
  /** A key was pressed: one character of `0-9*#A-D`. A secret, for all we know: never into a log. */
  | {
      readonly kind: 'key';
      readonly key: string;
      readonly sequence?: number | undefined;
      readonly participant?: string | undefined;
    }
  | { readonly kind: 'recording-state'; readonly recordingId?: string | undefined; readonly state: RecordingState }
  | { readonly kind: 'play-started' }
  /** Of a name that this release does not know. */
  | { readonly kind: 'other' };

export type CallEventKind = CallEventBody['kind'];

/** Why a call is over, as far as the carrier tells it: words of `END_REASONS`. */
export const CALL_ENDS = [
  ...(['busy', 'call-failed', 'caller-ended', 'carrier-ended', 'declined', 'hangup-requested', 'nobody-left'] as const),
  ...(['number-unknown', 'transferred', 'unanswered'] as const),
] as const;
export type CallEnd = (typeof CALL_ENDS)[number];

/** Of a media or words stream. */
export interface StreamChange {
  /** In the carrier's words. */
  readonly details?: string | undefined;
  /** The stream was asked to stop, or its call ended: nothing is to be mended. */
  readonly onPurpose: boolean;
}

export type CallOperation =
  | 'transfer'
  | 'add-participant'
  | 'remove-participant'
  | 'cancel-add'
  | 'move'
  | 'hold'
  | 'send-keys'
  | 'collect-keys'
  | 'listen-for-keys'
  | 'play'
  | 'recording';

/** A recording that is paused is inactive, too: a carrier need not tell the two apart. */
export type RecordingState = 'active' | 'inactive';

/** Somebody in a call. `id`: E.164 where it is a telephone, else the carrier's raw id. Private: never into a log. */
export interface Participant {
  readonly id: string;
  readonly muted: boolean;
  readonly onHold: boolean;
}
