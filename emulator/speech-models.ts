import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../shared/log.ts';
import type { ServiceAccess } from './identity/service-door.ts';
import type { EmulatedService } from './server.ts';
import { ByHeart } from './speech/by-heart.ts';
import type { Listened, PhraseListener } from './speech/phrase-stream.ts';
import type { SpeechClip } from './speech/speech-clip.ts';
import { SpeechService, type SpeechStatus } from './speech/speech-service.ts';
import { type Hears, Transcriber, type TranscriberOptions } from './speech/transcriber.ts';
import { Voices } from './speech/voices.ts';
import type { UsageMeter } from './usage-meter.ts';

export interface SpeechModelsOptions extends Omit<TranscriberOptions, 'size'>, ServiceAccess {
  readonly meter?: UsageMeter;
  readonly size: NonNullable<TranscriberOptions['size']> | 'by-heart';
}

export interface LoadedModels {
  readonly transcriber: Hears;
  readonly voices: Voices;
}

/** After so much silence a phrase is over, as the service has it. */
const SEGMENTATION_SILENCE_MS = 500;
const SPEECH_PATH = /^\/(?:speech|stt|tts)\//;

/** The speech service while its models load and afterwards. Until they are there, its sockets are refused with 503. */
export class SpeechModels implements EmulatedService {
  readonly #log: Logger;
  readonly #transcriber: Promise<Hears>;
  readonly #voices: Promise<Voices>;
  readonly #loaded: Promise<void>;
  #service: SpeechService | undefined;
  #models: LoadedModels | undefined;

  constructor({ key, tokens, meter, ...recognition }: SpeechModelsOptions) {
    const { log, size } = recognition;
    this.#log = log;
    const byHeart = new ByHeart();
    this.#transcriber =
      size === 'by-heart'
        ? Promise.resolve(byHeart)
        : this.#load(`the recognition model (${size})`, Transcriber.start({ ...recognition, size }));
    const onClip = (sentence: string, clip: SpeechClip) => byHeart.learn(sentence, clip);
    const knowing = size === 'by-heart' ? { onClip } : {};
    this.#voices = this.#load('the voices', Voices.start({ log, ...knowing }));
    this.#loaded = Promise.all([this.#transcriber, this.#voices]).then(([transcriber, voices]) => {
      this.#models = { transcriber, voices };
      this.#service = new SpeechService({ log, transcriber, voices, key, tokens, ...(meter && { meter }) });
    });
    // Whoever waits for the models learns that they failed; nobody has to.
    this.#loaded.catch(() => {});
  }

  /** Resolves when both directions work; rejects when a model cannot be loaded. */
  get loaded(): Promise<void> {
    return this.#loaded;
  }

  get ready(): boolean {
    return this.#service !== undefined;
  }

  /** What hears and speaks; undefined while it is being loaded. */
  get models(): LoadedModels | undefined {
    return this.#models;
  }

  get status(): SpeechStatus | undefined {
    return this.#service?.status();
  }

  /** Speaks a text as soon as the voices are loaded. */
  async speak(text: string, voice: string): Promise<{ readonly pcm: Uint8Array }> {
    return (await this.#voices).speak(text, voice);
  }

  /** Listens to a stream of audio; nothing where the models are not there yet. */
  listen(listener: PhraseListener): Listened | undefined {
    return this.#models?.transcriber.listen(SEGMENTATION_SILENCE_MS, listener);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (this.#service) return this.#service.handleUpgrade(request, socket, head);
    if (!SPEECH_PATH.test(request.url ?? '')) return false;
    socket.end('HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    return true;
  }

  async close(): Promise<void> {
    this.#service?.close();
    await Promise.allSettled([this.#transcriber, this.#voices].map(async (model) => (await model).close()));
  }

  async #load<Model>(what: string, loading: Promise<Model>): Promise<Model> {
    const startedAtMs = performance.now();
    this.#log.info(`loading ${what}`);
    const model = await loading;
    this.#log.info({ ms: Math.round(performance.now() - startedAtMs) }, `loaded ${what}`);
    return model;
  }
}
