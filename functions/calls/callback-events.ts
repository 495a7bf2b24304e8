import { z } from 'zod';

/** A mid-call event of ACS, with what is of use here. */
export interface CallbackEvent {
  readonly id: string;
  /** Without the prefix `Microsoft.Communication.`. */
  readonly type: string;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  readonly callConnectionId: string;
  readonly serverCallId: string | undefined;
  readonly correlationId: string | undefined;
  readonly operationContext: string | undefined;
  readonly result: { readonly code?: number; readonly subCode?: number; readonly message?: string } | undefined;
  /** For events of media streaming and of a transcription, such as `streamConnectionInterrupted`. */
  readonly mediaDetails: string | undefined;
}

const PREFIX = 'Microsoft.Communication.';

/** What `parseCallAutomationEvent` of the SDK knows. It throws for any other, and reads the first event of an array only. */
export const KNOWN_EVENTS: ReadonlySet<string> = new Set(
  `AddParticipantFailed AddParticipantSucceeded AnswerFailed CallConnected CallDisconnected CallTransferAccepted
   CallTransferFailed CancelAddParticipantFailed CancelAddParticipantSucceeded ConnectFailed
   ContinuousDtmfRecognitionStopped ContinuousDtmfRecognitionToneFailed ContinuousDtmfRecognitionToneReceived
   CreateCallFailed HoldFailed MediaStreamingFailed MediaStreamingStarted MediaStreamingStopped
   MoveParticipantFailed MoveParticipantSucceeded ParticipantsUpdated PlayCanceled PlayCompleted PlayFailed
   PlayStarted RecognizeCanceled RecognizeCompleted RecognizeFailed RecordingStateChanged RemoveParticipantFailed
   RemoveParticipantSucceeded SendDtmfTonesCompleted SendDtmfTonesFailed StartRecordingFailed TranscriptionFailed
   TranscriptionStarted TranscriptionStopped TranscriptionUpdated`.split(/\s+/),
);

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
const optionalCode = z.number().nullish();

const wireEvent = z.object({
  id: z.string().min(1).max(256),
  // CloudEvents says `type` and `time`, the older Event Grid schema `eventType` and `eventTime`.
  type: z.string().optional(),
  eventType: z.string().optional(),
  time: optionalText,
  eventTime: optionalText,
  data: z.object({
    callConnectionId: z.string().min(1).max(256),
    serverCallId: optionalText,
    correlationId: optionalText,
    operationContext: optionalText,
    resultInformation: z.object({ code: optionalCode, subCode: optionalCode, message: z.string().nullish() }).nullish(),
    mediaStreamingUpdate: z.object({ mediaStreamingStatusDetails: optionalText }).nullish(),
    transcriptionUpdate: z.object({ transcriptionStatusDetails: optionalText }).nullish(),
  }),
});

/** Undefined where it is no event of ACS. `receivedAt` stands in for a missing or unreadable time. */
export function parseCallbackEvent(given: unknown, receivedAt: number): CallbackEvent | undefined {
  const { success, data: wire } = wireEvent.safeParse(given);
  const type = wire?.type ?? wire?.eventType;
  if (!success || type === undefined) return undefined;
  const at = Date.parse(wire.time ?? wire.eventTime ?? '');
  const { code, subCode, message } = wire.data.resultInformation ?? {};
  return {
    id: wire.id,
    type: type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type,
    at: Number.isNaN(at) ? receivedAt : at,
    callConnectionId: wire.data.callConnectionId,
    serverCallId: wire.data.serverCallId,
    correlationId: wire.data.correlationId,
    operationContext: wire.data.operationContext,
    result: wire.data.resultInformation
      ? {
          ...(typeof code === 'number' && { code }),
          ...(typeof subCode === 'number' && { subCode }),
          ...(typeof message === 'string' && { message }),
        }
      : undefined,
    mediaDetails:
      wire.data.mediaStreamingUpdate?.mediaStreamingStatusDetails ??
      wire.data.transcriptionUpdate?.transcriptionStatusDetails,
  };
}
