import { z } from 'zod';
import type { CallEvent, CallEventBody, CallOperation } from '../call-events.ts';
import { endOf, failureOf } from './acs-ends.ts';
import { keyOf } from './keys.ts';

const PREFIX = 'Microsoft.Communication.';

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
const optionalCode = z.number().nullish();

/** Anybody, as the wire names him: E.164 where it is a telephone, else his raw id. What cannot be read is nobody. */
const party = z
  .object({ rawId: z.string().max(512).nullish(), phoneNumber: z.object({ value: z.string().max(64) }).nullish() })
  .transform(({ rawId, phoneNumber }) => phoneNumber?.value ?? rawId ?? undefined)
  .optional()
  .catch(undefined);
const participant = z
  .object({ identifier: party, isMuted: z.boolean().nullish(), isOnHold: z.boolean().nullish() })
  .transform(({ identifier, isMuted, isOnHold }) =>
    identifier === undefined ? [] : [{ id: identifier, muted: isMuted ?? false, onHold: isOnHold ?? false }],
  )
  .catch([]);

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
    participant: party,
    transferTarget: party,
    participants: z.array(participant).max(1000).optional().catch(undefined),
    sequenceNumber: z.number().optional().catch(undefined),
    sequenceId: z.number().optional().catch(undefined),
    tone: z.string().max(16).optional().catch(undefined),
    recordingId: z.string().max(2048).optional().catch(undefined),
    state: z.string().optional().catch(undefined),
  }),
});
type WireData = z.output<typeof wireEvent>['data'];

/** What ACS says where it closed a socket itself: it was asked to stop streaming, or the call ended. */
const ON_PURPOSE = 'subscriptionStopped';

type Reader = (data: WireData) => CallEventBody;

const succeeded =
  (operation: CallOperation): Reader =>
  (data) => ({
    kind: 'operation-succeeded',
    operation,
    participant: data.participant ?? data.transferTarget,
  });
const failed =
  (operation: CallOperation): Reader =>
  (data) => ({ kind: 'operation-failed', operation, participant: data.participant });
const cancelled =
  (operation: CallOperation): Reader =>
  () => ({ kind: 'operation-cancelled', operation });
const neverCame =
  (what: 'place' | 'answer' | 'join'): Reader =>
  ({ resultInformation }) => ({ kind: 'failed', what, why: failureOf(what, resultInformation?.code) });
const media =
  (kind: 'media-started' | 'media-stopped' | 'media-failed'): Reader =>
  ({ mediaStreamingUpdate }) => ({ kind, ...changeOf(mediaStreamingUpdate?.mediaStreamingStatusDetails) });
const transcription =
  (kind: Extract<CallEventBody['kind'], `transcription-${string}`>): Reader =>
  ({ transcriptionUpdate }) => ({ kind, ...changeOf(transcriptionUpdate?.transcriptionStatusDetails) });

const changeOf = (details: string | undefined) => ({ details, onPurpose: details === ON_PURPOSE });

/**
 * What the SDK's `parseCallAutomationEvent` knows: 38 kinds. It throws for any other, reads the first event of an array only,
 * and is not used.
 */
const READERS: Readonly<Record<string, Reader>> = {
  CallConnected: () => ({ kind: 'connected' }),
  CallDisconnected: ({ resultInformation }) => ({ kind: 'ended', why: endOf(resultInformation?.subCode) }),
  CreateCallFailed: neverCame('place'),
  AnswerFailed: neverCame('answer'),
  ConnectFailed: neverCame('join'),
  CallTransferAccepted: succeeded('transfer'),
  CallTransferFailed: failed('transfer'),
  AddParticipantSucceeded: succeeded('add-participant'),
  AddParticipantFailed: failed('add-participant'),
  RemoveParticipantSucceeded: succeeded('remove-participant'),
  RemoveParticipantFailed: failed('remove-participant'),
  MoveParticipantSucceeded: succeeded('move'),
  MoveParticipantFailed: failed('move'),
  CancelAddParticipantSucceeded: succeeded('cancel-add'),
  CancelAddParticipantFailed: failed('cancel-add'),
  ParticipantsUpdated: ({ sequenceNumber, participants = [] }) => ({
    kind: 'participants',
    sequence: sequenceNumber,
    participants: participants.flat(),
  }),
  HoldFailed: failed('hold'),
  PlayStarted: () => ({ kind: 'play-started' }),
  PlayCompleted: succeeded('play'),
  PlayFailed: failed('play'),
  PlayCanceled: cancelled('play'),
  RecognizeCompleted: succeeded('collect-keys'),
  RecognizeFailed: failed('collect-keys'),
  RecognizeCanceled: cancelled('collect-keys'),
  ContinuousDtmfRecognitionToneReceived: ({ tone = '', sequenceId }) => {
    const key = keyOf(tone);
    return key === undefined ? { kind: 'other' } : { kind: 'key', key, sequence: sequenceId };
  },
  ContinuousDtmfRecognitionToneFailed: failed('listen-for-keys'),
  ContinuousDtmfRecognitionStopped: cancelled('listen-for-keys'),
  SendDtmfTonesCompleted: succeeded('send-keys'),
  SendDtmfTonesFailed: failed('send-keys'),
  RecordingStateChanged: ({ recordingId, state }) => ({
    kind: 'recording-state',
    recordingId,
    state: state === 'active' ? 'active' : 'inactive',
  }),
  StartRecordingFailed: ({ recordingId }) => ({ kind: 'operation-failed', operation: 'recording', recordingId }),
  MediaStreamingStarted: media('media-started'),
  MediaStreamingStopped: media('media-stopped'),
  MediaStreamingFailed: media('media-failed'),
  TranscriptionStarted: transcription('transcription-started'),
  TranscriptionUpdated: transcription('transcription-updated'),
  TranscriptionStopped: transcription('transcription-stopped'),
  TranscriptionFailed: transcription('transcription-failed'),
};

/** By ACS's own names, without their prefix. */
export const ACS_EVENTS: readonly string[] = Object.keys(READERS);

/** An event is delivered late, or by a clock that is ahead, by no more than that. */
const LATEST_MS = 7 * 24 * 60 * 60 * 1000;
const AHEAD_MS = 60 * 60 * 1000;

/** A mid-call event of ACS; undefined where it is none. `receivedAtMs` stands in for a time that is missing or not to be believed. */
export function readAcsEvent(given: unknown, receivedAtMs: number): CallEvent | undefined {
  const { success, data: wire } = wireEvent.safeParse(given);
  const type = wire?.type ?? wire?.eventType;
  if (!success || type === undefined) return undefined;
  const name = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;
  const at = Date.parse(wire.time ?? wire.eventTime ?? '');
  const isCredible = at > receivedAtMs - LATEST_MS && at < receivedAtMs + AHEAD_MS;
  const { code, subCode, message } = wire.data.resultInformation ?? {};
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  return {
    id: wire.id,
    name: `acs.${name}`,
    at: isCredible ? at : receivedAtMs,
    callId: wire.data.callConnectionId,
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
    ...(read?.(wire.data) ?? { kind: 'other' }),
  };
}
