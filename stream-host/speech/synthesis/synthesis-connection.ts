import {
  Connection,
  PropertyId,
  ResultReason,
  type SpeechConfig,
  SpeechSynthesisBoundaryType,
  SpeechSynthesisOutputFormat,
} from 'microsoft-cognitiveservices-speech-sdk';
import { SpeechServiceError } from '../sdk/speech-service.ts';
import { DirectSynthesiser } from './direct-synthesiser.ts';

const TICKS_PER_MS = 10_000;

export interface SynthesisListener {
  /** A piece of audio, cut anywhere, even in the middle of a sample. */
  onAudio(pcm: Uint8Array): void;
  /** A word as the service names it; times from the start of this synthesis. */
  onWord(text: string, startMs: number, durationMs: number): void;
  onDone(): void;
  onFailure(error: SpeechServiceError): void;
}

/**
 * One Speech SDK synthesiser with one connection: speaks one text at a time. It has no way to stop but to be closed,
 * and is of no use after any failure.
 */
export class SynthesisConnection {
  readonly #synthesiser: DirectSynthesiser;
  readonly #connection: Connection;
  #state: 'idle' | 'speaking' | 'closed' = 'idle';
  #connected = false;
  #uses = 0;
  #fail: ((details: string) => void) | undefined;

  /** @param onLost the connection broke, or was closed by the service, while it was not speaking */
  constructor(config: SpeechConfig, onLost: () => void) {
    config.speechSynthesisOutputFormat = SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm;
    config.setProperty(PropertyId.SpeechServiceResponse_RequestPunctuationBoundary, 'false');
    this.#synthesiser = new DirectSynthesiser(config);
    this.#connection = Connection.fromSynthesizer(this.#synthesiser);
    this.#connection.connected = () => {
      this.#connected = true;
      if (this.#state === 'closed') this.#disconnect();
    };
    this.#connection.disconnected = () => {
      this.#connected = false;
      if (this.#state === 'idle') {
        this.close();
        onLost();
      } else {
        // The result is to come next and knows the reason; but after a close with 1000 it never comes.
        setImmediate(() => this.#fail?.(''));
      }
    };
  }

  /** How many texts it was given. */
  get uses(): number {
    return this.#uses;
  }

  get isUsable(): boolean {
    return this.#state !== 'closed';
  }

  /** Makes the connection. Rejects when that fails; settles late, or never, where the service does not answer. */
  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (details: string) => reject(new SpeechServiceError('synthesis.no-connection', details));
    this.#connection.openConnection(resolve, fail);
    await promise;
  }

  /** Speaks SSML. Nothing more is heard of it once the connection is closed. */
  speak(ssml: string, listener: SynthesisListener): void {
    if (this.#state !== 'idle') throw new Error(`a synthesis connection that is ${this.#state} cannot speak`);
    this.#state = 'speaking';
    this.#uses += 1;
    this.#fail = (details) => {
      if (this.#state !== 'speaking') return;
      this.close();
      listener.onFailure(new SpeechServiceError('synthesis.failed', details));
    };
    const fail = this.#fail;
    const synthesiser = this.#synthesiser;
    synthesiser.synthesizing = (_, { result }) => {
      if (this.#state === 'speaking') listener.onAudio(new Uint8Array(result.audioData));
    };
    synthesiser.wordBoundary = (_, word) => {
      if (this.#state !== 'speaking' || word.boundaryType !== SpeechSynthesisBoundaryType.Word) return;
      listener.onWord(word.text, word.audioOffset / TICKS_PER_MS, word.duration / TICKS_PER_MS);
    };
    const finish = () => {
      if (this.#state !== 'speaking') return;
      this.#state = 'idle';
      listener.onDone();
    };
    synthesiser.speakSsmlAsync(
      ssml,
      (result) => (result.reason === ResultReason.SynthesizingAudioCompleted ? finish() : fail(result.errorDetails)),
      fail,
    );
  }

  /** Ends what is being spoken and the connection, at once, one that is still being made as well. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#connected) this.#disconnect();
    else this.#synthesiser.abandon();
  }

  #disconnect(): void {
    const ignore = () => undefined;
    // The SDK forgets to close a connection that was opened and never used: give it a use.
    if (this.#uses === 0) this.#connection.sendMessageAsync('synthesis.control', '{"action":"stop"}', ignore, ignore);
    this.#synthesiser.close(ignore, ignore);
  }
}
