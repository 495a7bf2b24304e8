import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import type { LineHolder, PhoneLine } from '../phone/phone-line.ts';
import { AcsError } from './acs-error.ts';
import { CallParties } from './call-parties.ts';
import { CALL_ENDS, type CallEnd, type CallState, nextState, wireState } from './call-state.ts';
import type { CallbackQueue } from './callback-queue.ts';
import { type CommunicationIdentifier, phoneIdentifier } from './identifiers.ts';
import { type MediaStreamingRequest, MediaSubscription } from './media-subscription.ts';
import type { Pacer } from './pacer.ts';
import type { TranscriptionOptions } from './requests.ts';
import { type Listen, TranscriptionSubscription } from './transcription-subscription.ts';

const SILENCE = new Uint8Array(FRAME_BYTES);
const SUCCEEDED = { code: 200, subCode: 0, message: '' };

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
  readonly findPhone: (number: string) => PhoneLine | undefined;
  readonly callbacks: CallbackQueue;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Nothing of the call is left but callbacks on their way. */
  readonly onReleased: () => void;
}

/** One call between a phone and the application, from the moment that it has a call-connection id. */
export class Call implements LineHolder {
  readonly ids: CallIds;
  readonly #options: CallOptions;
  readonly #media: MediaSubscription | undefined;
  readonly #transcription: TranscriptionSubscription | undefined;
  readonly #parties: CallParties;
  /** Changes of the participants that were told. */
  #sequence = 0;
  #state: CallState;
  #line: PhoneLine | undefined;
  #cancelRinging: Cancel = () => {};
  #cancelBeat: Cancel = () => {};

  constructor(options: CallOptions) {
    this.ids = options.ids;
    this.#options = options;
    this.#state = { name: options.direction === 'inbound' ? 'connecting' : 'ringing' };
    const report = (type: string, data: Readonly<Record<string, unknown>>) => options.callbacks.push(type, data);
    const { media, transcription, ids, log } = options;
    const headersFor = (token: string) => ({
      authorization: `Bearer ${token}`,
      'x-ms-call-connection-id': ids.callConnectionId,
      'x-ms-call-correlation-id': ids.correlationId,
    });
    this.#parties = new CallParties({
      callConnectionId: ids.callConnectionId,
      firstParticipant: `4:${options.phoneNumber}`,
      findPhone: options.findPhone,
      onTone: (tone) => this.toneDialled(tone),
      onChange: () => this.#tellParticipants(),
      log,
    });
    this.#media =
      media &&
      new MediaSubscription({
        request: media,
        subscriptionId: media.subscriptionId,
        headers: headersFor(media.token),
        report,
        tellPhone: (event) => this.#line?.send(event),
        log,
      });
    this.#transcription =
      transcription &&
      new TranscriptionSubscription({ ...transcription, ids, headers: headersFor(transcription.token), report, log });
  }

  get state(): CallState {
    return this.#state;
  }

  /** Rings the phone of an outbound call, for `timeoutMs` at most. @param line nothing when there is no such phone */
  ring(line: PhoneLine | undefined, timeoutMs: number): void {
    if (this.#state.name !== 'ringing') return;
    if (!line?.seize(this)) {
      this.#end(line ? CALL_ENDS.busy : CALL_ENDS.nobodyThere);
      return;
    }
    this.#line = line;
    this.#cancelRinging = this.#options.clock.after(timeoutMs, () => this.#end(CALL_ENDS.noAnswer));
    this.#options.log.info('ringing the phone');
    const { callConnectionId } = this.ids;
    line.send({ type: 'ringing', from: this.#options.applicationNumber, callConnectionId });
  }

  /** Connects an inbound call. @param line held by this call already */
  connect(line: PhoneLine): void {
    this.#line = line;
    this.#establish();
  }

  hangUp(): void {
    this.#end(CALL_ENDS.applicationHungUp);
  }

  /** Ends the call because the emulator stops. */
  close(): void {
    this.#end(CALL_ENDS.serviceStopped);
  }

  /** @throws {AcsError} when the call was set up without media streaming, or it runs already */
  startMediaStreaming(operationContext: string | undefined): void {
    this.#requireConnected();
    this.#requireMedia().start(operationContext);
  }

  stopMediaStreaming(): void {
    this.#requireConnected();
    void this.#requireMedia().stop('Media streaming was stopped.');
  }

  /** @throws {AcsError} when the call was set up without a transcription, or it runs already */
  startTranscription({ operationContext, locale }: TranscriptionWish): void {
    this.#requireConnected();
    this.#requireTranscription().start(operationContext, locale);
  }

  stopTranscription(): void {
    this.#requireConnected();
    this.#requireTranscription().stop('The transcription was stopped.');
  }

  /** @throws {AcsError} when it does not run */
  updateTranscription({ operationContext, locale }: TranscriptionWish): void {
    this.#requireConnected();
    this.#requireTranscription().update(locale, operationContext);
  }

  partyWanted(number: string): void {
    if (this.#state.name === 'connected') {
      this.#parties.want(number, this.#line);
    } else {
      const message = 'The call is not connected yet; nobody can be added to it.';
      this.#line?.send({ type: 'refused', code: 'phone.not_connected', message });
    }
  }

  answered(): void {
    if (this.#state.name !== 'ringing') return;
    this.#cancelRinging();
    this.#state = nextState(this.#state, { type: 'accepted' });
    this.#establish();
  }

  declined(): void {
    if (this.#state.name === 'ringing') this.#end(CALL_ENDS.declined);
  }

  toneDialled(tone: string): void {
    if (this.#state.name === 'connected') this.#media?.sendTone(tone);
  }

  hungUp(): void {
    this.#end(this.#state.name === 'ringing' ? CALL_ENDS.declined : CALL_ENDS.phoneHungUp);
  }

  /** `CallConnectionProperties`, as the service answers with. */
  properties(): Record<string, unknown> {
    const { direction, phoneNumber, applicationNumber, application, callbackUri } = this.#options;
    const [phone, ours] = [phoneIdentifier(phoneNumber), phoneIdentifier(applicationNumber)];
    const inbound = direction === 'inbound';
    return {
      ...this.ids,
      callConnectionState: wireState(this.#state),
      callbackUri,
      targets: [inbound ? ours : phone],
      source: inbound ? phone : application,
      ...(inbound
        ? { answeredBy: { id: application.rawId }, answeredFor: { value: applicationNumber } }
        : { sourceCallerIdNumber: { value: applicationNumber } }),
      ...(this.#media && {
        mediaStreamingSubscription: {
          id: this.#media.id,
          state: this.#media.state,
          subscribedContentTypes: ['audio'],
        },
      }),
      ...(this.#transcription && { transcriptionSubscription: this.#transcription.properties() }),
    };
  }

  #participants(): { identifier: CommunicationIdentifier; isMuted: boolean; isOnHold: boolean }[] {
    const numbers = [this.#options.phoneNumber, ...this.#parties.added];
    const present = [this.#options.application, ...numbers.map(phoneIdentifier)];
    return present.map((identifier) => ({ identifier, isMuted: false, isOnHold: false }));
  }

  #establish(): void {
    if (this.#state.name !== 'connecting') return;
    this.#state = nextState(this.#state, { type: 'established' });
    const { callbacks, operationContext, pacer, log } = this.#options;
    log.info('CallConnected');
    callbacks.push('CallConnected', {
      ...(operationContext !== undefined && { operationContext }),
      resultInformation: SUCCEEDED,
    });
    this.#tellParticipants();
    if (this.#line) this.#parties.begin(this.#line);
    this.#tellPhone({ type: 'connected', callConnectionId: this.ids.callConnectionId });
    this.#cancelBeat = pacer.add(() => this.#beat());
    if (this.#media?.startsByItself) this.#media.start(operationContext);
    if (this.#transcription?.startsByItself) this.#transcription.start(operationContext);
  }

  #tellParticipants(): void {
    this.#sequence += 1;
    this.#options.callbacks.push('ParticipantsUpdated', {
      sequenceNumber: this.#sequence,
      participants: this.#participants(),
      resultInformation: SUCCEEDED,
    });
  }

  /** Twenty milliseconds of the call, in both directions. */
  #beat(): void {
    const voices = this.#parties.readVoices();
    this.#transcription?.hear(voices);
    this.#parties.play(voices, this.#media?.exchange(voices), SILENCE);
  }

  #end(end: CallEnd): void {
    const before = this.#state;
    this.#state = nextState(before, { type: 'ended', end });
    if (this.#state === before) return;
    this.#cancelRinging();
    this.#cancelBeat();
    const ended = { type: 'disconnected', code: end.code, reason: end.message } as const;
    this.#tellPhone(ended);
    this.#parties.tellAdded(ended);
    this.#parties.release();
    this.#transcription?.stop('The call has ended.');
    this.#line?.release(this);
    void this.#release();
  }

  async #release(): Promise<void> {
    await this.#media?.stop('The call has ended.');
    this.#state = nextState(this.#state, { type: 'released' });
    if (this.#state.name !== 'disconnected') return;
    const { end, established } = this.#state;
    const type = established || end.by === 'application' ? 'CallDisconnected' : this.#failure();
    const { code, subCode, message } = end;
    const { callbacks, log, operationContext, onReleased } = this.#options;
    log.info({ by: end.by, code, subCode, reason: message }, type);
    callbacks.push(type, {
      ...(operationContext !== undefined && { operationContext }),
      resultInformation: { code, subCode, message },
    });
    onReleased();
  }

  #failure(): string {
    return this.#options.direction === 'outbound' ? 'CreateCallFailed' : 'AnswerFailed';
  }

  #tellPhone(event: PhoneEvent): void {
    this.#line?.send(event);
  }

  #requireConnected(): void {
    if (this.#state.name === 'connected') return;
    throw new AcsError(400, '8501', `The call is ${wireState(this.#state)}; this needs a connected one.`);
  }

  #requireMedia(): MediaSubscription {
    if (this.#media) return this.#media;
    throw new AcsError(400, 'streamUrlMissing', 'The call was set up without mediaStreamingOptions.');
  }

  #requireTranscription(): TranscriptionSubscription {
    if (this.#transcription) return this.#transcription;
    throw new AcsError(400, 'transcriptionUrlMissing', 'The call was set up without transcriptionOptions.');
  }
}

/** What the application may say when it starts a transcription or changes it. */
interface TranscriptionWish {
  readonly operationContext?: string | undefined;
  readonly locale?: string | undefined;
}
