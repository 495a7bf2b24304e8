import { Connection, ResultReason, type SpeechConfig } from 'microsoft-cognitiveservices-speech-sdk';
import type { PhraseDetails } from '../../contract/speech.ts';
import { SpeechServiceError } from '../sdk/speech-service.ts';
import { DirectRecogniser } from './direct-recogniser.ts';
import { phraseDetails } from './phrase-details.ts';

const TICKS_PER_MS = 10_000;
const ignore = () => undefined;

/** Times are milliseconds of audio since this session's first. */
export interface RecognitionSessionEvents {
  /** The service has let us in. */
  onConnected?(): void;
  /** Audio is on its way to the service, which is paid for it. */
  onSent?(bytes: number): void;
  /** The service said anything at all. */
  onSign(): void;
  onPartial(text: string, offsetMs: number, endMs: number): void;
  /** A phrase is over. `text` is empty where the service heard nothing that it could make out. */
  onPhrase(text: string, offsetMs: number, endMs: number, details: PhraseDetails): void;
  /**
   * The service ended its turn and expects another on the same connection. The SDK would go on, but sends some audio
   * twice or not at all while it changes over: better close this session and open another.
   */
  onTurnEnd(): void;
  /** The session is of no use any more, and closed. At most once, never after {@link RecognitionSession.close}. */
  onEnd(error: SpeechServiceError): void;
}

/**
 * One Speech SDK recogniser with one connection, from its start to its first failure. The SDK would reconnect by
 * itself, but gives up within 20 ms, and has no audio to send again; so any failure ends the session here, and whoever
 * owns it opens another.
 */
export class RecognitionSession {
  readonly #events: RecognitionSessionEvents;
  readonly #recogniser: DirectRecogniser;
  readonly #connection: Connection;
  #ended: Promise<void> | undefined;
  #connected = false;

  constructor(config: SpeechConfig, events: RecognitionSessionEvents) {
    this.#events = events;
    config.setProperty('SPEECH-Error-MaxRetryCount', '0');
    this.#recogniser = new DirectRecogniser(config);
    this.#connection = Connection.fromRecognizer(this.#recogniser);
    this.#listen();
    // It resolves even where the connection failed; the failure then comes as `canceled`.
    this.#recogniser.startContinuousRecognitionAsync(undefined, (reason) => this.#end(reason));
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  /** Sends audio as one message: few and long ones cost less. It must not change any more. */
  write(audio: Uint8Array): void {
    if (!this.#ended) this.#recogniser.write(audio);
  }

  /**
   * Settles when the connection is closed. That may be never where the service does not answer: wait with a limit.
   * Never rejects. Idempotent.
   */
  close(): Promise<void> {
    this.#ended ??= new Promise((resolve) => {
      const recogniser = this.#recogniser;
      recogniser.recognizing = ignore;
      recogniser.recognized = ignore;
      recogniser.canceled = ignore;
      recogniser.sessionStopped = ignore;
      recogniser.onMessage = ignore;
      this.#connection.disconnected = ignore;
      if (!this.#connected) recogniser.abandon();
      // Closing the recogniser alone would first wait for the service to end the turn, which it may never do.
      this.#connection.closeConnection();
      recogniser.close(resolve, () => resolve());
    });
    return this.#ended;
  }

  #listen(): void {
    const recogniser = this.#recogniser;
    recogniser.onAudioSent = (bytes) => this.#events.onSent?.(bytes);
    recogniser.onMessage = (path) => {
      this.#events.onSign();
      // The phrase that came before it is still on its way through the SDK.
      if (path.toLowerCase() === 'turn.end') setImmediate(() => this.#turnEnded());
    };
    this.#connection.connected = () => {
      this.#connected = true;
      if (!this.#ended) this.#events.onConnected?.();
    };
    // Closing inside this very event is what keeps the SDK from reconnecting.
    this.#connection.disconnected = () => this.#end(undefined);
    recogniser.canceled = (_, { errorDetails }) => this.#end(errorDetails);
    recogniser.sessionStopped = () => this.#end(undefined);
    recogniser.recognizing = (_, { result }) => {
      if (result.text) this.#events.onPartial(result.text, startMs(result), endMs(result));
    };
    recogniser.recognized = (_, { result }) => {
      const text = result.reason === ResultReason.RecognizedSpeech ? result.text : '';
      this.#events.onPhrase(text, startMs(result), endMs(result), phraseDetails(result.json, result.language));
    };
  }

  #turnEnded(): void {
    if (!this.#ended) this.#events.onTurnEnd();
  }

  #end(details: string | undefined): void {
    if (this.#ended) return;
    void this.close();
    this.#events.onEnd(new SpeechServiceError('recogniser.lost', details));
  }
}

type Span = { readonly offset: number; readonly duration: number };
const startMs = ({ offset }: Span): number => offset / TICKS_PER_MS;
const endMs = ({ offset, duration }: Span): number => (offset + duration) / TICKS_PER_MS;
