import type {
  AnswerCallResult,
  CallAutomationClient,
  CallConnection,
  CallMedia,
  CreateCallResult,
  MediaStreamingOptions,
  TranscriptionOptions,
} from '@azure/communication-call-automation';
import { SAMPLE_RATE } from '../../audio/pcm.ts';
import type { Announcement, IncomingCall } from '../announcement.ts';
import type { CallEvent, Participant, RecordingState } from '../call-events.ts';
import {
  type AddWish,
  ALL_CAPABILITIES,
  type CallIds,
  type CallState,
  type Capability,
  type Carrier,
  type PartyId,
  type RecordingWish,
  type TransferWish,
} from '../carrier.ts';
import { CarrierError, failedAs, notSupported } from '../carrier-error.ts';
import type { WatchRequest } from '../carrier-kind.ts';
import type { CarrierWords, LineMedia } from '../line-media.ts';
import { readAcsAnnouncement } from './acs-announcements.ts';
import { type AcsAccess, type AcsClient, addressOf, openAcsClient } from './acs-client.ts';
import { acsErrorOf } from './acs-error.ts';
import { readAcsEvent } from './acs-events.ts';
import { tonesOf } from './keys.ts';
import { acsPartyOf, participantOf } from './parties.ts';

export interface AcsCarrierOptions {
  readonly access: AcsAccess;
  /** Where ACS reaches the functions, with prefix: `https://…/api/v1`. */
  readonly callbackBase: string;
  /** Where ACS reaches the stream host's sockets, with prefix: `wss://…/api/v1`. */
  readonly mediaBase: string;
  /** The Azure AI resource by which ACS hears, where it shall. */
  readonly speechEndpoint?: string | undefined;
  /** How long one attempt of a request may take. There are up to three. */
  readonly attemptMs?: number;
  readonly watch?: WatchRequest | undefined;
}

/** ACS Call Automation, asked by its SDK. What it lacks against the port is nothing. */
export class AcsCarrier implements Carrier {
  readonly name = 'acs';
  readonly capabilities: ReadonlySet<Capability> = new Set(ALL_CAPABILITIES);
  readonly #client: CallAutomationClient;
  readonly #isUnsent: AcsClient['isUnsent'];
  readonly #callbackBase: string;
  readonly #mediaBase: string;
  readonly #speechEndpoint: string | undefined;
  readonly #url: string;
  readonly #watch: WatchRequest;

  constructor(options: AcsCarrierOptions) {
    const { client, isUnsent } = openAcsClient(options.access, options.attemptMs);
    this.#client = client;
    this.#isUnsent = isUnsent;
    this.#callbackBase = options.callbackBase;
    this.#mediaBase = options.mediaBase;
    this.#speechEndpoint = options.speechEndpoint;
    this.#url = addressOf(options.access);
    this.#watch = options.watch ?? ((_, request) => request());
  }

  async answer(ticket: string, sessionId: string, media: LineMedia): Promise<CallIds> {
    return this.#attempt('answer the call', async () =>
      callIdsOf(await this.#client.answerCall(ticket, ...this.#bound(sessionId, media))),
    );
  }

  async reject(ticket: string, callRejectReason: 'busy' | 'forbidden' = 'busy'): Promise<void> {
    await this.#attempt('reject the call', () => this.#client.rejectCall(ticket, { callRejectReason }));
  }

  async redirect(
    { ticket, redirectable }: Pick<IncomingCall, 'ticket' | 'redirectable'>,
    target: PartyId,
  ): Promise<void> {
    // Call Automation has no redirection of a call that is answered on behalf of a Teams account.
    if (!redirectable) throw notSupported(this.name, 'redirect a call through Teams Phone');
    const targetParticipant = acsPartyOf(target);
    await this.#attempt('redirect the call', () => this.#client.redirectCall(ticket, { targetParticipant }));
  }

  async place(target: PartyId, source: PartyId, sessionId: string, media: LineMedia): Promise<CallIds> {
    const [callbackUrl, bound] = this.#bound(sessionId, media);
    const from = acsPartyOf(source);
    const whom = { targetParticipant: acsPartyOf(target), ...shown(source) };
    // Teams shows the account's own number.
    const options = 'teamsAppId' in from ? { ...bound, teamsAppSource: from } : bound;
    return this.#attempt('place the call', async () =>
      callIdsOf(await this.#client.createCall(whom, callbackUrl, options)),
    );
  }

  async hangUp(callId: string, who: 'everybody' | 'us' = 'everybody'): Promise<void> {
    await this.#attempt('hang up', () => this.#connection(callId).hangUp(who === 'everybody'));
  }

  async end(callId: string): Promise<boolean> {
    try {
      await this.hangUp(callId);
      return true;
    } catch (error) {
      if (failedAs(error, 'gone')) return false;
      throw error;
    }
  }

  async state(callId: string): Promise<CallState> {
    try {
      return await this.#attempt('tell how the call stands', async () => {
        const { callConnectionState } = await this.#connection(callId).getCallConnectionProperties();
        if (callConnectionState === 'connected') return 'connected';
        return callConnectionState === 'disconnected' ? 'gone' : 'changing';
      });
    } catch (error) {
      if (failedAs(error, 'gone')) return 'gone';
      throw error;
    }
  }

  async transfer(callId: string, { target, operationContext, transferee, source }: TransferWish): Promise<void> {
    await this.#attempt('transfer the call', () =>
      this.#connection(callId).transferCallToParticipant(acsPartyOf(target), {
        operationContext,
        ...(transferee !== undefined && { transferee: acsPartyOf(transferee) }),
        ...shown(source),
      }),
    );
  }

  async addParticipant(callId: string, { target, operationContext, source, ringS }: AddWish): Promise<void> {
    const invite = { targetParticipant: acsPartyOf(target), ...shown(source) };
    const options = { operationContext, ...(ringS !== undefined && { invitationTimeoutInSeconds: ringS }) };
    await this.#attempt('add a participant', () => this.#connection(callId).addParticipant(invite, options));
  }

  async removeParticipant(callId: string, participant: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('remove a participant', () =>
      this.#connection(callId).removeParticipant(acsPartyOf(participant), { operationContext }),
    );
  }

  async mute(callId: string, participant: PartyId, operationContext: string): Promise<void> {
    const mute = () => this.#connection(callId).muteParticipant(acsPartyOf(participant), { operationContext });
    await this.#attempt('mute a participant', mute).catch((error: unknown) => {
      throw mutesOnlyItsOwn(error);
    });
  }

  async hold(callId: string, participant: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('hold a participant', () =>
      this.#media(callId).hold(acsPartyOf(participant), { operationContext }),
    );
  }

  async unhold(callId: string, participant: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('take a participant back from hold', () =>
      this.#media(callId).unhold(acsPartyOf(participant), { operationContext }),
    );
  }

  async participants(callId: string): Promise<readonly Participant[]> {
    return this.#attempt('tell who is in the call', async () => {
      const { values } = await this.#connection(callId).listParticipants();
      return (values ?? []).map(participantOf);
    });
  }

  async sendKeys(callId: string, keys: string, to: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('press keys', () =>
      this.#media(callId).sendDtmfTones(tonesOf(keys), acsPartyOf(to), { operationContext }),
    );
  }

  async listenForKeys(callId: string, from: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('listen for keys', () =>
      this.#media(callId).startContinuousDtmfRecognition(acsPartyOf(from), { operationContext }),
    );
  }

  async stopListeningForKeys(callId: string, from: PartyId, operationContext: string): Promise<void> {
    await this.#attempt('listen for keys no more', () =>
      this.#media(callId).stopContinuousDtmfRecognition(acsPartyOf(from), { operationContext }),
    );
  }

  async play(callId: string, url: string, operationContext: string): Promise<void> {
    const file = { kind: 'fileSource', url } as const;
    await this.#attempt('play', () => this.#media(callId).playToAll([file], { operationContext }));
  }

  async startRecording(callId: string, wish: RecordingWish): Promise<{ readonly recordingId: string }> {
    const { channels, format, containerUrl } = wish;
    return this.#attempt('record the call', async () => {
      const { recordingId } = await this.#client.getCallRecording().start({
        callConnectionId: callId,
        recordingContent: 'audio',
        recordingChannel: channels,
        recordingFormat: format,
        recordingStateCallbackEndpointUrl: `${this.#callbackBase}/calls/callbacks`,
        ...(containerUrl !== undefined && {
          recordingStorage: {
            recordingStorageKind: 'azureBlobStorage' as const,
            recordingDestinationContainerUrl: containerUrl,
          },
        }),
      });
      return { recordingId };
    });
  }

  async pauseRecording(recordingId: string): Promise<void> {
    await this.#attempt('pause the recording', () => this.#client.getCallRecording().pause(recordingId));
  }

  async resumeRecording(recordingId: string): Promise<void> {
    await this.#attempt('resume the recording', () => this.#client.getCallRecording().resume(recordingId));
  }

  async stopRecording(recordingId: string): Promise<void> {
    await this.#attempt('stop the recording', () => this.#client.getCallRecording().stop(recordingId));
  }

  async recordingState(recordingId: string): Promise<RecordingState> {
    return this.#attempt('tell how the recording stands', async () => {
      const { recordingState } = await this.#client.getCallRecording().getState(recordingId);
      return recordingState === 'active' ? 'active' : 'inactive';
    });
  }

  async stopMedia(callId: string): Promise<boolean> {
    return this.#attempt('stop media streaming', async () => {
      const { mediaStreamingSubscription } = await this.#connection(callId).getCallConnectionProperties();
      if (mediaStreamingSubscription?.state !== 'active') return false;
      await this.#media(callId).stopMediaStreaming();
      return true;
    });
  }

  async startMedia(callId: string, operationContext: string): Promise<void> {
    await this.#attempt('start media streaming', () => this.#media(callId).startMediaStreaming({ operationContext }));
  }

  async startTranscription(callId: string, operationContext: string): Promise<void> {
    await this.#attempt('start the transcription', () => this.#media(callId).startTranscription({ operationContext }));
  }

  readEvent(given: unknown, receivedAtMs: number): CallEvent | undefined {
    return readAcsEvent(given, receivedAtMs);
  }

  readAnnouncement(given: unknown): Promise<Announcement> {
    return readAcsAnnouncement(given);
  }

  #attempt<Result>(what: string, request: () => Promise<Result>): Promise<Result> {
    const operation = what.replaceAll(' ', '_');
    // ACS's own path names the call; what is asked stands in its place.
    return this.#watch({ operation, url: new URL(operation, this.#url).href }, async () => {
      try {
        return await request();
      } catch (thrown) {
        throw acsErrorOf(what, thrown, this.#isUnsent(thrown));
      }
    });
  }

  #connection(callId: string): CallConnection {
    return this.#client.getCallConnection(callId);
  }

  #media(callId: string): CallMedia {
    return this.#connection(callId).getCallMedia();
  }

  /** Callback address and options of a call that is the session's. */
  #bound(sessionId: string, { rateHz, channels, words }: LineMedia) {
    const mediaStreamingOptions: MediaStreamingOptions = {
      transportType: 'websocket',
      transportUrl: `${this.#mediaBase}/media/stream?session_id=${sessionId}`,
      contentType: 'audio',
      audioChannelType: channels,
      audioFormat: rateHz > SAMPLE_RATE ? 'Pcm24KMono' : 'Pcm16KMono',
      startMediaStreaming: true,
      enableBidirectional: true,
      enableDtmfTones: true,
    };
    const callbackUrl = `${this.#callbackBase}/calls/callbacks/${sessionId}`;
    const options = { operationContext: sessionId, mediaStreamingOptions, ...this.#words(sessionId, words) };
    return [callbackUrl, options] as const;
  }

  /** What ACS puts into words itself, and where it sends them. */
  #words(sessionId: string, words: CarrierWords | undefined) {
    if (words === undefined) return {};
    const transcriptionOptions: TranscriptionOptions = {
      transportType: 'websocket',
      transportUrl: `${this.#mediaBase}/media/transcription?session_id=${sessionId}`,
      locale: words.locale,
      startTranscription: words.starts,
      enableIntermediateResults: true,
    };
    const cognitiveServicesEndpoint = this.#speechEndpoint;
    if (cognitiveServicesEndpoint === undefined) return { transcriptionOptions };
    return { transcriptionOptions, callIntelligenceOptions: { cognitiveServicesEndpoint } };
  }
}

function callIdsOf({ callConnectionProperties }: AnswerCallResult | CreateCallResult): CallIds {
  const { callConnectionId, serverCallId, correlationId } = callConnectionProperties;
  // The SDK has thrown already where the id is missing (a string, at that), but its type does not say so.
  if (callConnectionId === undefined) throw new TypeError('ACS named no call connection');
  return {
    callConnectionId,
    ...(serverCallId !== undefined && { serverCallId }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

/** The number that a telephone shows. A call through Teams Phone has none of ours: Teams shows the account's. */
const shown = (source: PartyId | undefined) =>
  source?.startsWith('+') ? { sourceCallIdNumber: { phoneNumber: source } } : {};

/** The SDK says of it: "Only ACS Users are currently supported." */
const mutesOnlyItsOwn = (error: unknown): unknown =>
  error instanceof CarrierError && error.failure === 'refused'
    ? new CarrierError(
        error.failure,
        error.code,
        `${error.message} It mutes users of its own alone (8:acs:…), and no telephones: put him on hold, or remove him.`,
        { cause: error, uncertain: error.uncertain, details: { ...error.details } },
      )
    : error;
