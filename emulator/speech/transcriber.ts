import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { DecodePool } from './decode-pool.ts';
import type { MoonshineSize } from './moonshine.ts';
import type { Sensitivity } from './phrase-segmenter.ts';
import { type Listened, type PhraseListener, PhraseStream } from './phrase-stream.ts';
import { VoiceDetector } from './voice-detector.ts';

export interface TranscriberOptions {
  readonly log: Logger;
  /** Default `tiny`: it keeps up with twenty calls on two shared cores. */
  readonly size?: MoonshineSize;
  /** Threads that decode, each with its own copy of the models (some 250 MB). Default 1, or 2 with more than two cores. */
  readonly workers?: number;
  readonly clock?: Clock;
}

/** Whatever turns streams of audio into words. */
export interface Listens {
  listen(segmentationSilenceMs: number, listener: PhraseListener, sensitivity?: Sensitivity): Listened;
}

/** What listens for a whole emulator. */
export interface Hears extends Listens {
  /** Pieces of audio that wait to be decoded. */
  readonly waiting: number;
  close(): Promise<void>;
}

/** Turns streams of audio into words, in worker threads: one that finds speech, and one or more that decode it. */
export class Transcriber implements Hears {
  readonly #detector: VoiceDetector;
  readonly #pool: DecodePool;

  private constructor(detector: VoiceDetector, pool: DecodePool) {
    this.#detector = detector;
    this.#pool = pool;
  }

  /**
   * Loads and warms up the models: 1 to 3 s.
   * @throws {DependencyError} `speech.worker`
   */
  static async start({ log, size = 'tiny', workers, clock = systemClock }: TranscriberOptions): Promise<Transcriber> {
    const count = workers ?? (availableParallelism() > 2 ? 2 : 1);
    const detector = await VoiceDetector.start(log);
    try {
      return new Transcriber(detector, await DecodePool.start({ log, clock, size, workers: count }));
    } catch (error) {
      await detector.close();
      throw error;
    }
  }

  /**
   * Listens to a new stream of audio.
   * @param segmentationSilenceMs the silence that ends a phrase
   */
  listen(segmentationSilenceMs: number, listener: PhraseListener, sensitivity?: Sensitivity): PhraseStream {
    return new PhraseStream(this.#pool, this.#detector, segmentationSilenceMs, listener, sensitivity);
  }

  /** Pieces of audio that wait to be decoded. */
  get waiting(): number {
    return this.#pool.waiting;
  }

  async close(): Promise<void> {
    await Promise.all([this.#detector.close(), this.#pool.close()]);
  }
}
