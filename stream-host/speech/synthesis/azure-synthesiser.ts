import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Usage } from '../../../shared/records/usage.ts';
import type { OnAttempt } from '../../contract/recorder.ts';
import type { OnUsed, Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import { type SpeechService, SpeechServiceError, speechConfigFor } from '../sdk/speech-service.ts';
import { billedCharacters } from './billed-characters.ts';
import { PieceQueue } from './piece-queue.ts';
import { ssmlFor, WordFinder } from './ssml.ts';
import { SynthesisConnection } from './synthesis-connection.ts';
import { SynthesiserPool, type SynthesiserPoolStats } from './synthesiser-pool.ts';

/** What shall be spoken. */
interface Wanted {
  readonly text: string;
  readonly voice: string;
  readonly signal: AbortSignal;
  readonly onUsed: OnUsed | undefined;
}

export interface AzureSynthesiserOptions {
  readonly service: SpeechService;
  readonly clock: Clock;
  readonly log: Logger;
  /** Connections that are held open and ready. */
  readonly warm?: number;
  /** Connections at most: as many texts can be spoken at once. */
  readonly max?: number;
  readonly idleMs?: number;
  readonly maxUses?: number;
  readonly connectTimeoutMs?: number;
  /** How long a text may wait for a connection. */
  readonly waitMs?: number;
  /** How long a text may take to its first audio, with the wait for a connection and a second attempt. */
  readonly firstAudioMs?: number;
  /** How long it may be silent between two pieces of audio. */
  readonly gapMs?: number;
}

const azureSynthesiserDefaults = {
  warm: 2,
  max: 100,
  idleMs: 120_000,
  maxUses: 50,
  // Shorter than the silence that a caller is promised not to sit in: what fails sooner can be told in time.
  connectTimeoutMs: 2_000,
  waitMs: 2_000,
  // The wait for a voice that is slow is filled and explained meanwhile: the answer is worth more than an apology.
  firstAudioMs: 16_000,
  gapMs: 1_500,
} as const satisfies Partial<AzureSynthesiserOptions>;

const TOO_LONG = 'A text is too long to be spoken at once. Cut it shorter.';

/**
 * Azure speech synthesis over connections that are opened ahead of need. Aborting closes the connection on the spot
 * (the service knows no other way to stop), and a new one is opened behind it. A connection that fails before any audio
 * is tried once more on another.
 */
export class AzureSynthesiser implements Synthesiser {
  readonly #options: Required<AzureSynthesiserOptions>;
  readonly #pool: SynthesiserPool;

  constructor(options: AzureSynthesiserOptions) {
    this.#options = { ...azureSynthesiserDefaults, ...options };
    this.#pool = new SynthesiserPool({
      ...this.#options,
      connect: (onLost) => new SynthesisConnection(speechConfigFor(this.#options.service), onLost),
    });
  }

  /** Who speaks. */
  get service(): SpeechService {
    return this.#options.service;
  }

  get stats(): SynthesiserPoolStats {
    return this.#pool.stats;
  }

  async *speak(
    text: string,
    voice: string,
    signal: AbortSignal,
    onUsed?: OnUsed,
    onAttempt?: OnAttempt,
  ): AsyncIterable<SynthesisPiece> {
    if (text.trim() === '') return;
    const { clock } = this.#options;
    const untilMs = clock.now() + this.#options.firstAudioMs;
    for (let isRetry = false; !signal.aborted; isRetry = true) {
      let heard = false;
      const startedAtMs = clock.now();
      try {
        for await (const piece of this.#speakOnce({ text, voice, signal, onUsed }, untilMs, isRetry)) {
          heard ||= piece.type === 'audio';
          yield piece;
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        const isWorthAnother = error instanceof SpeechServiceError && !error.isRefusal;
        if (heard || isRetry || !isWorthAnother) throw error;
        this.#options.log.warn({ err: error }, 'synthesis failed before any audio and is tried once more');
        onAttempt?.({ startedAtMs, endedAtMs: clock.now(), error: error.reason, status: error.httpStatus });
      }
    }
  }

  /** Ends everything that is being spoken. Idempotent. */
  close(): void {
    this.#pool.close();
  }

  /** @param untilMs when the first audio must have come */
  async *#speakOnce(
    { text, voice, signal, onUsed }: Wanted,
    untilMs: number,
    fresh: boolean,
  ): AsyncIterable<SynthesisPiece> {
    const { clock, waitMs, gapMs } = this.#options;
    const connection = await this.#pool.take(signal, fresh, Math.min(waitMs, untilMs - clock.now()));
    const queue = new PieceQueue();
    const giveUp = (error: DependencyError) => {
      connection.close();
      queue.fail(error);
    };
    let cancelLimit: Cancel = () => undefined;
    const expectAudioWithin = (ms: number) => {
      cancelLimit();
      const silent = () => giveUp(new DependencyError('synthesis.silent', 'Azure Speech gave no audio in time.'));
      // Where this process itself stood still, what came meanwhile is read before anybody is blamed.
      cancelLimit = clock.after(ms, () => {
        cancelLimit = clock.after(0, silent);
      });
    };
    const release = () => {
      cancelLimit();
      this.#pool.giveBack(connection);
    };
    let isDone = false;
    let spokenBytes: number | undefined;
    const onAbort = () => {
      // Once all of it was spoken the connection is somebody else's, long before the caller has heard it.
      if (!isDone) connection.close();
      queue.abandon();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const words = new WordFinder(text);
    try {
      if (signal.aborted) return;
      expectAudioWithin(untilMs - clock.now());
      spokenBytes = 0;
      connection.speak(ssmlFor(text, voice), {
        onAudio: (pcm) => {
          spokenBytes = (spokenBytes ?? 0) + pcm.length;
          expectAudioWithin(gapMs);
          if (!queue.addAudio(pcm)) giveUp(new DependencyError('synthesis.too-long', TOO_LONG));
        },
        onWord: (word, startMs, durationMs) => queue.addWord(words.find(word), startMs, durationMs),
        onDone: () => {
          isDone = true;
          release();
          queue.end();
        },
        onFailure: (error) => queue.fail(error),
      });
      yield* queue;
    } finally {
      signal.removeEventListener('abort', onAbort);
      // All of a text is paid for, whatever became of it.
      if (spokenBytes !== undefined) onUsed?.(usageOf(text, voice, spokenBytes));
      if (!isDone) {
        connection.close();
        release();
      }
    }
  }
}

const usageOf = (text: string, voice: string, bytes: number): Usage => ({
  service: 'speech-synthesis',
  model: voice,
  used: { requests: 1, characters: billedCharacters(text), audio_seconds: bytes / BYTES_PER_MS / 1000 },
});
