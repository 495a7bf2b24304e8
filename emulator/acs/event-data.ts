import { randomUUID } from 'node:crypto';
import { RESULTS } from './call-results.ts';
import { CALL_ENDS } from './call-state.ts';
import { phoneIdentifier } from './identifiers.ts';

const SOMEBODY = phoneIdentifier('+15550190000');
const SOMEBODY_ELSE = phoneIdentifier('+15550190001');

const ok = (fields: Readonly<Record<string, unknown>> = {}) => ({ ...fields, resultInformation: RESULTS.success });
const failed = (
  { code, subCode, message }: { readonly code: number; readonly subCode: number; readonly message: string },
  fields: Readonly<Record<string, unknown>> = {},
) => ({ ...fields, resultInformation: { code, subCode, message } });
const someone = { participant: SOMEBODY };
const moved = { ...someone, fromCall: 'another-call' };
const invitation = { invitationId: 'an-invitation' };
/** What has become of a call's media streaming. */
export const streaming = (status: string, details: string) => ({
  mediaStreamingUpdate: {
    ...{ contentType: 'Audio', mediaStreamingStatus: `mediaStreaming${status}` },
    mediaStreamingStatusDetails: details,
  },
});
export const transcription = (status: string, details: string) => ({
  transcriptionUpdate: { transcriptionStatus: `transcription${status}`, transcriptionStatusDetails: details },
});

/** What an event of each of the 38 kinds says where nothing has caused it. */
const DATA: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
  AddParticipantFailed: () => failed(CALL_ENDS.declined, someone),
  AddParticipantSucceeded: () => ok(someone),
  AnswerFailed: () => failed(CALL_ENDS.phoneHungUp),
  CallConnected: () => ok(),
  CallDisconnected: () => failed(CALL_ENDS.phoneHungUp),
  CallTransferAccepted: () => ok({ transferTarget: SOMEBODY, transferee: SOMEBODY_ELSE }),
  CallTransferFailed: () => failed(CALL_ENDS.noAnswer),
  CancelAddParticipantFailed: () => failed(RESULTS.notFound, invitation),
  CancelAddParticipantSucceeded: () => ok(invitation),
  ConnectFailed: () => failed(CALL_ENDS.noAnswer),
  ContinuousDtmfRecognitionStopped: () => ok(),
  ContinuousDtmfRecognitionToneFailed: () => failed(RESULTS.notFound),
  ContinuousDtmfRecognitionToneReceived: () => ok({ sequenceId: 1, tone: 'one' }),
  CreateCallFailed: () => failed(CALL_ENDS.noAnswer),
  HoldFailed: () => failed(RESULTS.noFile),
  MediaStreamingFailed: () => failed(RESULTS.promptFailed, streaming('Failed', 'streamConnectionInterrupted')),
  MediaStreamingStarted: () => ok(streaming('Started', 'subscriptionStarted')),
  MediaStreamingStopped: () => ok(streaming('Stopped', 'subscriptionStopped')),
  MoveParticipantFailed: () => failed(RESULTS.notFound, moved),
  MoveParticipantSucceeded: () => ok(moved),
  ParticipantsUpdated: () =>
    ok({ sequenceNumber: 1, participants: [{ identifier: SOMEBODY, isMuted: false, isOnHold: false }] }),
  PlayCanceled: () => failed(RESULTS.canceled),
  PlayCompleted: () => ok(),
  PlayFailed: () => failed(RESULTS.noFile, { failedPlaySourceIndex: 0 }),
  PlayStarted: () => ok(),
  RecognizeCanceled: () => failed(RESULTS.canceled),
  RecognizeCompleted: () => failed(RESULTS.maxTones, { recognitionType: 'dtmf', dtmfResult: { tones: ['one'] } }),
  RecognizeFailed: () => failed(RESULTS.initialSilence),
  RecordingStateChanged: () => ok(recording('active')),
  RemoveParticipantFailed: () => failed(RESULTS.notFound, someone),
  RemoveParticipantSucceeded: () => ok(someone),
  SendDtmfTonesCompleted: () => ok(),
  SendDtmfTonesFailed: () => failed(RESULTS.notFound),
  StartRecordingFailed: () => failed(RESULTS.noStorage, { recordingId: randomUUID() }),
  TranscriptionFailed: () => failed(RESULTS.promptFailed, transcription('Failed', 'streamConnectionInterrupted')),
  TranscriptionStarted: () => ok(transcription('Started', 'subscriptionStarted')),
  TranscriptionStopped: () => ok(transcription('Stopped', 'subscriptionStopped')),
  TranscriptionUpdated: () => ok(transcription('Updated', 'transcriptionLocaleUpdated')),
};

const recording = (state: 'active' | 'inactive') => ({
  ...{ recordingId: randomUUID(), state, recordingKind: 'azureCommunicationServices' },
  startDateTime: new Date().toISOString(),
});

/** Nothing for a kind that the service does not know. */
export const eventData = (type: string): Readonly<Record<string, unknown>> =>
  (Object.hasOwn(DATA, type) ? DATA[type]?.() : undefined) ?? {};
