import { Worker } from 'node:worker_threads';
import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import { DependencyError, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { siblingModule } from '../../shared/sibling-module.ts';
import type { FliteVoice } from './flite.ts';
import { ClipCache, type SpeechClip, type TimedWord } from './speech-clip.ts';
import { splitOpening, splitSentences } from './spoken-text.ts';
import { fliteVoiceFor } from './voice-names.ts';
import type { SpeakRequest, VoicesReply } from './voices.worker.ts';
import { workerReady } from './worker-ready.ts';

export interface VoicesOptions {
  readonly log: Logger;
  /** Is told each sentence with its sound, when it is made. */
  readonly onClip?: (sentence: string, clip: SpeechClip) => void;
}

interface Request {
  readonly sentence: string;
  readonly voice: FliteVoice;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (clip: SpeechClip) => void;
  readonly reject: (error: Error) => void;
}

const MAX_WAITING = 500;
/** How much audio of earlier sentences is kept, so that a greeting is made only once. */
const CACHE_BYTES = 32 * 1024 * 1024;
const EMPTY: SpeechClip = { pcm: new Uint8Array(0), words: [] };

/**
 * Gives simulated callers and Azure's voices a sound: Flite in a worker thread, one sentence after the other. A sentence
 * takes 10 to 130 ms. One that somebody waits for in silence (the first of a text) goes before those that follow
 * audio which is already playing.
 */
export class Voices {
  readonly #worker: Worker;
  readonly #cache: ClipCache;
  readonly #firsts: Request[] = [];
  readonly #others: Request[] = [];
  #running: { readonly id: number; readonly request: Request } | undefined;
  #nextId = 1;
  readonly #onClip: VoicesOptions['onClip'];
  #failure: Error | undefined;

  private constructor(worker: Worker, { log, onClip }: VoicesOptions) {
    this.#worker = worker;
    this.#onClip = onClip;
    this.#cache = new ClipCache(CACHE_BYTES);
    worker.on('message', (reply: VoicesReply) => this.#take(reply));
    worker.on('error', (error) => {
      log.error({ err: error }, 'speech synthesis broke down; restart the emulator');
      this.#fail(
        new DependencyError('speech.voices-down', 'Speech synthesis broke down: restart the emulator.', error),
      );
    });
  }

  /** Loads the voices: 0.3 to 1 s. Rejects where the package or the machine cannot. */
  static async start(options: VoicesOptions): Promise<Voices> {
    const worker = new Worker(siblingModule('./voices.worker', import.meta.url));
    await workerReady(worker, 'The voices');
    return new Voices(worker, options);
  }

  /**
   * Speaks a whole text.
   * @param voice a Flite voice (`slt`, `rms`, `awb`, `kal16`) or any Azure voice name, see {@link fliteVoiceFor}
   * @throws {ParleyError} `speech.voices-down` (503), `speech.voices-busy` (503), `speech.flite`; `AbortError`
   */
  async speak(text: string, voice: string, signal?: AbortSignal): Promise<SpeechClip> {
    const pcm: Uint8Array[] = [];
    const words: TimedWord[] = [];
    let startMs = 0;
    for await (const clip of this.speakSentences(text, voice, signal)) {
      for (const word of clip.words) words.push({ ...word, startMs: word.startMs + startMs });
      pcm.push(clip.pcm);
      startMs += clip.pcm.byteLength / BYTES_PER_MS;
    }
    return { pcm: Buffer.concat(pcm), words };
  }

  /**
   * Speaks a text sentence by sentence, each as soon as it is done. Word times are from its own clip's start.
   */
  async *speakSentences(text: string, voice: string, signal?: AbortSignal): AsyncGenerator<SpeechClip, void> {
    let first = true;
    const [opening = '', ...others] = splitSentences(text);
    for (const sentence of [...splitOpening(opening), ...others]) {
      const clip = await this.#clip(sentence, fliteVoiceFor(voice), first, signal);
      if (clip.pcm.byteLength === 0) continue;
      first = false;
      yield clip;
    }
  }

  /** Sentences waiting for their turn. */
  get waiting(): number {
    return this.#firsts.length + this.#others.length;
  }

  async close(): Promise<void> {
    this.#fail(new ParleyError('speech.closed', 'The voices are closed.'));
    await this.#worker.terminate();
  }

  async #clip(
    sentence: string,
    voice: FliteVoice,
    first: boolean,
    signal: AbortSignal | undefined,
  ): Promise<SpeechClip> {
    signal?.throwIfAborted();
    if (sentence.trim() === '') return EMPTY;
    const key = `${voice} ${sentence.trim()}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.waiting >= MAX_WAITING) {
      throw new DependencyError('speech.voices-busy', `${MAX_WAITING} sentences wait to be spoken: try again later.`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<SpeechClip>();
    const request: Request = { sentence, voice, signal, resolve, reject };
    (first ? this.#firsts : this.#others).push(request);
    this.#runNext();
    const clip = await promise;
    this.#cache.set(key, clip);
    this.#onClip?.(sentence.trim(), clip);
    return clip;
  }

  #runNext(): void {
    while (this.#running === undefined) {
      const request = this.#firsts.shift() ?? this.#others.shift();
      if (request === undefined) return;
      if (request.signal?.aborted) {
        request.reject(request.signal.reason);
        continue;
      }
      const { sentence, voice } = request;
      const id = this.#nextId++;
      this.#running = { id, request };
      this.#worker.postMessage({ id, sentence, voice } satisfies SpeakRequest);
    }
  }

  #take(reply: VoicesReply): void {
    if (reply.type === 'ready' || this.#running?.id !== reply.id) return;
    const { request } = this.#running;
    this.#running = undefined;
    if (reply.type === 'clip') request.resolve(reply.clip);
    else request.reject(new ParleyError('speech.flite', reply.reason));
    this.#runNext();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const requests = [...this.#firsts.splice(0), ...this.#others.splice(0)];
    if (this.#running !== undefined) requests.push(this.#running.request);
    this.#running = undefined;
    for (const request of requests) request.reject(error);
  }
}
