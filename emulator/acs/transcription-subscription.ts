import { WebSocket } from 'ws';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { encodeTranscript, encodeTranscriptMetadata } from '../../shared/carrier/acs/transcript-frame.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { numbersAsDigits } from '../speech/number-words.ts';
import type { AudioSpan, PhraseListener } from '../speech/phrase-stream.ts';
import { phraseWords } from '../speech/phrase-words.ts';
import { AcsError } from './acs-error.ts';
import { RESULTS } from './call-results.ts';
import { transcription } from './event-data.ts';
import type { TranscriptionOptions } from './requests.ts';
import type { Voice } from './voices.ts';

/** One participant's audio on its way to the models. */
export interface HeardStream {
  write(pcm: Uint8Array): void;
  close(): void;
}

/** Listens to a stream of audio. Nothing where the models are not there. */
export type Listen = (listener: PhraseListener) => HeardStream | undefined;

export interface TranscriptionSubscriptionOptions {
  readonly request: TranscriptionOptions;
  readonly subscriptionId: string;
  readonly ids: { readonly callConnectionId: string; readonly correlationId: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly listen: Listen | undefined;
  readonly report: (type: string, data: Readonly<Record<string, unknown>>) => void;
  readonly log: Logger;
}

const CONNECT_MS = 5_000;
const CLOSE_MS = 1_000;
/** An application that does not read is not waited for. */
const MAX_BACKLOG_BYTES = 1_000_000;
const FAILED = 8581;
const SILENCE = new Uint8Array(FRAME_BYTES);
const FRAME_MS = 20;

/** A socket, with what is heard for it. */
interface Running {
  readonly socket: WebSocket;
  readonly streams: Map<string, HeardStream | undefined>;
  beats: number;
}

/**
 * A call's own transcription: one socket to the application, on which words of each participant come as they are heard.
 * Only the fields of the GA release; offsets are ticks from the start of the subscription.
 */
export class TranscriptionSubscription {
  readonly #options: TranscriptionSubscriptionOptions;
  #running: Running | undefined;

  constructor(options: TranscriptionSubscriptionOptions) {
    this.#options = options;
  }

  get startsByItself(): boolean {
    return this.#options.request.startTranscription;
  }

  properties() {
    const { subscriptionId: id, request } = this.#options;
    const results = request.enableIntermediateResults ? ['final', 'intermediate'] : ['final'];
    const state = this.#running ? 'active' : 'inactive';
    return { id, state, subscribedResultTypes: results, locale: request.locale };
  }

  /** @throws {AcsError} when it runs already, or nothing is there to hear with */
  start(operationContext: string | undefined): void {
    const { request, headers, listen, log } = this.#options;
    if (this.#running) throw new AcsError(400, 'TranscriptionActive', 'The transcription is active already.');
    if (!listen) throw new AcsError(400, 'speechServicesConnectionError', 'This emulator has nothing to hear with.');
    const socket = new WebSocket(request.transportUrl, {
      headers,
      handshakeTimeout: CONNECT_MS,
      maxPayload: 1024,
      perMessageDeflate: false,
    });
    const running: Running = { socket, streams: new Map(), beats: 0 };
    this.#running = running;
    let opened = false;
    let closedByUs = false;
    socket.on('open', () => {
      opened = true;
      log.info('transcription started');
      socket.send(encodeTranscriptMetadata(this.#options.subscriptionId, request.locale, this.#options.ids));
      this.#report('Started', 'subscriptionStarted', operationContext);
    });
    socket.on('error', (error) => log.debug({ problem: messageOf(error) }, 'the transcription’s socket has an error'));
    socket.on('close', (code) => {
      closedByUs = this.#running !== running;
      if (!closedByUs) this.#release(running);
      if (closedByUs) return this.#report('Stopped', 'subscriptionStopped', operationContext);
      log.warn({ closeCode: code }, 'the transcription’s socket was lost; the call stands');
      const details = opened ? 'streamConnectionInterrupted' : 'initialWebSocketConnectionFailed';
      this.#report('Failed', details, operationContext, { code: 500, message: `The socket closed with ${code}.` });
    });
  }

  /** Idempotent. */
  stop(reason: string): void {
    const running = this.#running;
    if (!running) return;
    this.#release(running);
    const { socket } = running;
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
    else socket.close(1000, reason);
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
  }

  /** One beat of the call. */
  hear(voices: readonly Voice[]): void {
    const running = this.#running;
    if (!running || running.socket.readyState !== WebSocket.OPEN) return;
    for (const { participant, frame } of voices) {
      if (!running.streams.has(participant)) running.streams.set(participant, this.#listenTo(participant, running));
      // The memory is kept, and a phone's frame is its own.
      running.streams.get(participant)?.write(frame === undefined ? SILENCE.slice() : new Uint8Array(frame));
    }
    running.beats += 1;
  }

  #listenTo(participant: string, running: Running): HeardStream | undefined {
    const { listen, request, log } = this.#options;
    const beganMs = running.beats * FRAME_MS;
    const tell = (text: string, final: boolean, span: AudioSpan, confidence?: number) => {
      const { socket } = running;
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_BACKLOG_BYTES) return;
      const words = phraseWords(text, span).map(({ text: word, startMs, endMs }) => ({
        text: word,
        offsetMs: beganMs + startMs,
        durationMs: endMs - startMs,
      }));
      const offsetMs = beganMs + span.startMs;
      const durationMs = span.endMs - span.startMs;
      socket.send(encodeTranscript({ text, final, participant, confidence, offsetMs, durationMs, words }));
    };
    const stream = listen?.({
      onSpeechStarted: () => {},
      onPartial: (text, span) => {
        if (request.enableIntermediateResults) tell(text, false, span);
      },
      onPhrase: (text, confidence, span) => {
        if (text !== undefined) tell(numbersAsDigits(text), true, span, confidence);
      },
      onFailure: (error) => log.error({ err: error }, 'a participant cannot be heard any more'),
    });
    if (!stream) log.warn('the models are still being loaded; this participant is not heard');
    return stream;
  }

  #release(running: Running): void {
    this.#running = undefined;
    for (const stream of running.streams.values()) stream?.close();
  }

  #report(
    outcome: 'Started' | 'Stopped' | 'Failed',
    details: string,
    operationContext: string | undefined,
    failure?: { readonly code: number; readonly message: string },
  ): void {
    this.#options.report(`Transcription${outcome}`, {
      ...(operationContext !== undefined && { operationContext }),
      ...transcription(outcome, details),
      resultInformation: failure ? { ...failure, subCode: FAILED } : RESULTS.success,
    });
  }
}
