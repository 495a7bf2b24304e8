import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import { AcsError } from './acs-error.ts';
import { RESULTS } from './call-results.ts';
import { streaming } from './event-data.ts';
import { MediaLeg } from './media-leg.ts';
import type { Voice } from './voices.ts';

/** What the application asked for in `mediaStreamingOptions`. */
export interface MediaStreamingRequest {
  readonly transportUrl: string;
  readonly audioChannelType: 'mixed' | 'unmixed';
  readonly audioFormat: 'pcm16kmono' | 'pcm24kmono';
  readonly startMediaStreaming: boolean;
  readonly enableBidirectional: boolean;
  readonly enableDtmfTones: boolean;
}

export interface MediaSubscriptionOptions {
  readonly request: MediaStreamingRequest;
  readonly subscriptionId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly lossNoticedAfterMs?: (() => number) | undefined;
  readonly report: (type: string, data: Readonly<Record<string, unknown>>) => void;
  readonly tellPhone: (event: PhoneEvent) => void;
  readonly disturbances?: Disturbances | undefined;
  readonly log: Logger;
}

/** Sub code of a media socket that could not be opened; the service documents none, so this one is an example's. */
const CONNECTION_FAILED = 8583;

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'authenticationFailure',
  403: 'forbidden',
  429: 'tooManyRequests',
};

/**
 * A call's media streaming: at most one socket at a time, started and stopped by the application, and the events that
 * tell what became of it. A socket that is refused or lost does not end the call; starting again connects anew.
 */
export class MediaSubscription {
  readonly id: string;
  readonly #options: MediaSubscriptionOptions;
  #leg: MediaLeg | undefined;
  /** Attempts to open a socket that were refused one after the other. */
  #refusals = 0;

  constructor(options: MediaSubscriptionOptions) {
    this.#options = options;
    this.id = options.subscriptionId;
  }

  get state(): 'active' | 'inactive' {
    return this.#leg ? 'active' : 'inactive';
  }

  get startsByItself(): boolean {
    return this.#options.request.startMediaStreaming;
  }

  /** @throws {AcsError} when it runs already */
  start(operationContext: string | undefined): void {
    if (this.#leg) throw new AcsError(400, 'MediaStreamingActive', 'Media streaming is active already.');
    const { log, request, tellPhone } = this.#options;
    const leg = new MediaLeg({
      ...this.#options,
      transportUrl: request.transportUrl,
      rateHz: request.audioFormat === 'pcm24kmono' ? 24_000 : 16_000,
      bidirectional: request.enableBidirectional,
      unmixed: request.audioChannelType === 'unmixed',
    });
    this.#leg = leg;
    leg.events.on('open', () => {
      this.#refusals = 0;
      log.info({ subscription: this.id }, 'media streaming started');
      this.#report('Started', 'subscriptionStarted', operationContext);
      tellPhone({ type: 'media', state: 'started' });
    });
    leg.events.on('audioStopped', (droppedMs) => {
      log.info({ droppedMs }, 'StopAudio: dropped what the caller had not heard yet');
      tellPhone({ type: 'audioStopped', droppedMs });
    });
    leg.events.on('ended', (how, status, problem) => {
      if (this.#leg === leg) this.#leg = undefined;
      if (how !== 'refused') tellPhone({ type: 'media', state: 'stopped' });
      this.#reportEnd(how, status, problem, operationContext);
    });
  }

  /** Resolves when the socket is gone. */
  async stop(reason: string): Promise<void> {
    await this.#leg?.close(reason);
  }

  /** One beat: everybody's 20 ms out, the application's 20 ms back. Nothing where there is none. */
  exchange(voices: readonly Voice[]): Uint8Array | undefined {
    this.#leg?.sendVoices(voices);
    return this.#leg?.readPlayout();
  }

  sendTone(tone: string): void {
    if (this.#options.request.enableDtmfTones) this.#leg?.sendTone(tone);
  }

  #reportEnd(how: 'refused' | 'lost' | 'closed', status: number, problem: string, operationContext?: string): void {
    const { log } = this.#options;
    switch (how) {
      case 'closed':
        log.info('media streaming stopped');
        this.#report('Stopped', 'subscriptionStopped', operationContext);
        break;
      case 'refused': {
        // An application that starts again may ask every second.
        const level = this.#refusals++ === 0 ? 'warn' : 'debug';
        log[level]({ status, problem }, 'the media socket could not be opened; the call stands');
        const details = REFUSALS[status] ?? 'initialWebSocketConnectionFailed';
        this.#report('Failed', details, operationContext, { code: status || 500, message: problem });
        break;
      }
      case 'lost': {
        log.warn({ closeCode: status, problem }, 'the media socket was lost; the call stands');
        const orderly = status === 1000 || status === 1001;
        const message = `The media socket closed with ${status}. ${problem}`.trim();
        const outcome = orderly ? 'Stopped' : 'Failed';
        this.#report(
          outcome,
          'streamConnectionInterrupted',
          operationContext,
          orderly ? undefined : { code: 500, message },
        );
        break;
      }
    }
  }

  #report(
    outcome: 'Started' | 'Stopped' | 'Failed',
    details: string,
    operationContext: string | undefined,
    failure?: { code: number; message: string },
  ): void {
    this.#options.report(`MediaStreaming${outcome}`, {
      ...(operationContext !== undefined && { operationContext }),
      ...streaming(outcome, details),
      resultInformation: failure ? { ...failure, subCode: CONNECTION_FAILED } : RESULTS.success,
    });
  }
}
