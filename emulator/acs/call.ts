import { isTeams } from '../../shared/carrier/party-id.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import { AcsError } from './acs-error.ts';
import type { Answer } from './answer.ts';
import { type CallResult, RESULTS } from './call-results.ts';
import { CALL_ENDS, type CallEnd, type CallState, nextState, wireState } from './call-state.ts';
import type { CallbackQueue } from './callback-queue.ts';
import { type CommunicationIdentifier, identifierOf, phoneIdentifier } from './identifiers.ts';
import type { IncomingCall } from './incoming-call.ts';
import { MediaOperations } from './media-operations.ts';
import { type MediaStreamingRequest, MediaSubscription } from './media-subscription.ts';
import type { Pacer } from './pacer.ts';
import { ParticipantOperations } from './participant-operations.ts';
import { type CallOwner, Parties, type PartiesOptions, type Party } from './parties.ts';
import type { Recording } from './recordings.ts';
import type { Asked, TranscriptionOptions } from './requests.ts';
import { type Listen, TranscriptionSubscription } from './transcription-subscription.ts';
import { mixed, type Voice } from './voices.ts';

const ACCEPTED: Answer = { status: 202 };

export interface CallIds {
  readonly callConnectionId: string;
  readonly serverCallId: string;
  readonly correlationId: string;
}

export interface CallOptions {
  readonly ids: CallIds;
  readonly direction: 'inbound' | 'outbound';
  /** The number of the phone, and the one that the application has in this call. */
  readonly phoneNumber: string;
  readonly applicationNumber: string;
  /** The application's own identity as a participant. */
  readonly application: CommunicationIdentifier;
  readonly callbackUri: string;
  readonly operationContext: string | undefined;
  readonly media: (MediaStreamingRequest & { readonly subscriptionId: string; readonly token: string }) | undefined;
  readonly transcription:
    | {
        readonly request: TranscriptionOptions;
        readonly subscriptionId: string;
        readonly token: string;
        readonly listen: Listen | undefined;
      }
    | undefined;
  readonly findPhone: PartiesOptions['findPhone'];
  readonly ringTimeoutMs: number;
  readonly talking: PartiesOptions['talking'];
  readonly disturbances?: Disturbances | undefined;
  readonly callbacks: CallbackQueue;
  /** How much later it is noticed that a media socket broke. */
  readonly lossNoticedAfterMs: () => number;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Nothing of the call is left but callbacks on their way. */
  readonly onReleased: () => void;
}

/** The application's leg of one call, from the moment that it has a call-connection id. */
export class Call implements CallOwner {
  readonly ids: CallIds;
  readonly parties: Parties;
  readonly participants: ParticipantOperations;
  readonly media: MediaOperations;
  readonly #options: CallOptions;
  readonly #streaming: MediaSubscription | undefined;
  readonly #transcription: TranscriptionSubscription | undefined;
  /** Changes of the participants that were told. */
  #sequence = 0;
  #state: CallState;
  #isMuted = false;
  #recording: { readonly what: Recording; readonly onEnded: () => void } | undefined;
  /** The application's 20 ms of this beat. */
  #streamed: Uint8Array | undefined;

  constructor(options: CallOptions) {
    const { media, transcription, ids, log, callbacks } = options;
    this.ids = ids;
    this.#options = options;
    this.#state = { name: options.direction === 'inbound' ? 'connecting' : 'ringing' };
    this.parties = new Parties({ ...options, callConnectionId: ids.callConnectionId }, this);
    this.participants = new ParticipantOperations(this);
    this.media = new MediaOperations(this, options.clock);
    const report = (type: string, data: Readonly<Record<string, unknown>>) => callbacks.push(type, data);
    const headersFor = (token: string) => ({
      authorization: `Bearer ${token}`,
      'x-ms-call-connection-id': ids.callConnectionId,
      'x-ms-call-correlation-id': ids.correlationId,
    });
    this.#streaming =
      media &&
      new MediaSubscription({
        request: media,
        subscriptionId: media.subscriptionId,
        headers: headersFor(media.token),
        lossNoticedAfterMs: options.lossNoticedAfterMs,
        report,
        tellPhone: (event) => this.parties.tell(event),
        disturbances: options.disturbances,
        log,
      });
    this.#transcription =
      transcription &&
      new TranscriptionSubscription({ ...transcription, ids, headers: headersFor(transcription.token), report, log });
  }

  get state(): CallState {
    return this.#state;
  }

  get application(): CommunicationIdentifier {
    return this.#options.application;
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  get recording(): Recording | undefined {
    return this.#recording?.what;
  }

  /** Rings the phone of an outbound call. */
  ring(): void {
    if (this.#state.name !== 'ringing') return;
    const { phoneNumber, applicationNumber, log } = this.#options;
    log.info('ringing the phone');
    this.parties.ring(phoneNumber, { from: applicationNumber }, (outcome) => {
      if ('end' in outcome) return this.#end(outcome.end);
      this.#state = nextState(this.#state, { type: 'accepted' });
      this.#establish(outcome.party);
    });
  }

  /**
   * Takes over the line of an incoming call.
   * @returns what connects it; nothing where it is not on offer any more
   */
  take(offer: IncomingCall): (() => void) | undefined {
    const party = this.parties.expect(offer.line, (outcome) => {
      if ('end' in outcome) this.#end(outcome.end);
    });
    return offer.take(party) ? () => this.#establish(party) : undefined;
  }

  /** Leaves the call. With less than two others in it, it is over for them, too. */
  hangUp(): void {
    if (this.parties.joined.length > 1) this.parties.leave();
    this.#end(CALL_ENDS.applicationHungUp);
  }

  /** Ends the call for everybody. */
  terminate(): void {
    this.#end(CALL_ENDS.applicationHungUp);
  }

  /** Ends the call because the emulator stops. */
  close(): void {
    this.#end(CALL_ENDS.serviceStopped);
  }

  mute(): void {
    if (this.#isMuted) return;
    this.#isMuted = true;
    this.changed();
  }

  /** @param recording that runs from now on; without one, none does. @param onEnded the call ends before it does */
  record(recording: Recording | undefined, onEnded: () => void = () => {}): void {
    this.#recording = recording && { what: recording, onEnded };
  }

  /** Tells the application how something went that it has asked for. Of a call that is over nothing is told any more. */
  tell(
    type: string,
    { operationContext, operationCallbackUri }: Asked = {},
    data: Readonly<Record<string, unknown>> = {},
    { code, subCode, message }: CallResult = RESULTS.success,
  ): void {
    const context = operationContext !== undefined && { operationContext };
    const resultInformation = { code, subCode, message };
    if (this.#state.name === 'disconnected') return;
    this.#options.log[type.startsWith('Call') || code >= 300 ? 'info' : 'debug'](
      { code, subCode, reason: message },
      type,
    );
    this.#options.callbacks.push(type, { ...context, ...data, resultInformation }, operationCallbackUri);
  }

  /** @throws {AcsError} when the call was set up without media streaming, or it runs already */
  startMediaStreaming({ operationContext }: Asked): Answer {
    this.#requireStreaming().start(operationContext);
    return ACCEPTED;
  }

  stopMediaStreaming(): Answer {
    void this.#requireStreaming().stop('Media streaming was stopped.');
    return ACCEPTED;
  }

  /** @throws {AcsError} when the call was set up without a transcription, or it runs already */
  startTranscription({ operationContext }: Asked): Answer {
    if (!this.#transcription) {
      throw new AcsError(400, 'transcriptionUrlMissing', 'The call was set up without transcriptionOptions.');
    }
    this.#transcription.start(operationContext);
    return ACCEPTED;
  }

  hear(voices: readonly Voice[]): void {
    this.#transcription?.hear(voices);
    this.media.beat();
    const streamed = this.#streaming?.exchange(voices);
    this.#streamed = this.#isMuted ? undefined : streamed;
    if (!this.recording) return;
    const said = mixed([this.#streamed, this.media.read()]);
    this.recording.write([...voices, { participant: this.application.rawId, frame: said }]);
  }

  say(): Uint8Array | undefined {
    return mixed([this.#streamed, this.media.read()]);
  }

  toneDialled(party: Party, tone: string): void {
    this.#streaming?.sendTone(tone);
    this.media.toneDialled(party, tone);
  }

  changed(): void {
    this.#sequence += 1;
    const participants = this.participants.all;
    this.tell('ParticipantsUpdated', {}, { sequenceNumber: this.#sequence, participants });
  }

  empty(end: CallEnd): void {
    this.#end(end);
  }

  /** `CallConnectionProperties`, as the service answers with. */
  properties(): Record<string, unknown> {
    const { direction, phoneNumber, applicationNumber, application, callbackUri } = this.#options;
    const [phone, ours] = [phoneIdentifier(phoneNumber), identifierOf(applicationNumber)];
    const inbound = direction === 'inbound';
    // Through Teams Phone there is no number of ours.
    const number = applicationNumber.startsWith('+') ? { value: applicationNumber } : undefined;
    return {
      ...this.ids,
      callConnectionState: this.participants.isTransferring ? 'transferring' : wireState(this.#state),
      callbackUri,
      targets: [inbound ? ours : phone],
      source: inbound ? phone : application,
      ...(inbound ? { answeredBy: { id: application.rawId }, answeredFor: number } : { sourceCallerIdNumber: number }),
      ...(this.#streaming && {
        mediaStreamingSubscription: {
          id: this.#streaming.id,
          state: this.#streaming.state,
          subscribedContentTypes: ['audio'],
        },
      }),
      ...(this.#transcription && { transcriptionSubscription: this.#transcription.properties() }),
    };
  }

  /** @throws {AcsError} while it is not connected, or not any more */
  requireConnected(): void {
    if (this.#state.name === 'connected') return;
    throw new AcsError(400, '8501', `The call is ${wireState(this.#state)}; this needs a connected one.`);
  }

  #establish(party: Party): void {
    if (this.#state.name !== 'connecting') return;
    this.#state = nextState(this.#state, { type: 'established' });
    const { operationContext } = this.#options;
    this.tell('CallConnected', { operationContext });
    this.parties.join(party);
    if (this.#streaming?.startsByItself) this.#streaming.start(operationContext);
    if (this.#transcription?.startsByItself) this.#transcription.start(operationContext);
  }

  #end(end: CallEnd): void {
    const before = this.#state;
    this.#state = nextState(before, { type: 'ended', end });
    if (this.#state === before) return;
    // Others may go on without the application.
    if (this.parties.owner === this) this.parties.close(end);
    this.media.close();
    this.#recording?.onEnded();
    this.#transcription?.stop('The call has ended.');
    void this.#release();
  }

  async #release(): Promise<void> {
    await this.#streaming?.stop('The call has ended.');
    if (this.#state.name !== 'disconnecting') return;
    const { end, established } = this.#state;
    const type = established || end.by === 'application' ? 'CallDisconnected' : this.#failure();
    const { operationContext, onReleased } = this.#options;
    // Through Teams Phone nothing is told any more of a call that was transferred.
    const isOut = end === CALL_ENDS.transferred && isTeams(this.#options.applicationNumber);
    if (!isOut) this.tell(type, { operationContext }, {}, end);
    this.#state = nextState(this.#state, { type: 'released' });
    onReleased();
  }

  #failure(): string {
    return this.#options.direction === 'outbound' ? 'CreateCallFailed' : 'AnswerFailed';
  }

  #requireStreaming(): MediaSubscription {
    if (this.#streaming) return this.#streaming;
    throw new AcsError(400, 'streamUrlMissing', 'The call was set up without mediaStreamingOptions.');
  }
}
