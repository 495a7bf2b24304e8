import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { StandbyVoice, Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import { StandbyClips } from './standby-clips.ts';

/** What an agent says by itself, in its own voice. */
export interface Phrase {
  readonly text: string;
  readonly voice: string;
}

export interface StandbySpeechOptions {
  readonly synthesiser: Synthesiser;
  readonly clock: Clock;
  readonly log: Logger;
  /** Audio that is kept at most, of all phrases together. The default is some nine minutes; 32 kB are a second. */
  readonly maxBytes?: number;
  readonly clips?: StandbyClips;
}

export interface StandbySpeechStats {
  /** Phrases that are wanted, and of these those that are here. */
  readonly wanted: number;
  readonly kept: number;
  readonly bytes: number;
}

interface Kept {
  readonly text: string;
  readonly pcm: Uint8Array;
  /** As they came from the service; their audio is a view of `pcm`. */
  readonly pieces: readonly SynthesisPiece[];
}

const MAX_BYTES = 16 * 1024 * 1024;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** A space behind the words, where a clause was cut off a sentence, is not heard. */
const keyOf = ({ text, voice }: Phrase): string => `${voice}\n${text.trim()}`;

/**
 * A synthesiser that has its agents' phrases ready: synthesised one after the other in the background, tried again with
 * growing pauses until all are there, and never forgotten. A phrase that is here is spoken from memory, whatever the
 * service does meanwhile; every other text goes to the service.
 */
export class StandbySpeech implements Synthesiser {
  readonly #options: StandbySpeechOptions;
  readonly #maxBytes: number;
  readonly #clips: StandbyClips;
  readonly #kept = new Map<string, Kept>();
  readonly #abort = new AbortController();
  #wanted: ReadonlyMap<string, Phrase> = new Map();
  /** Those that are not here yet, the next one first. */
  #missing: Phrase[] = [];
  #isWorking = false;
  #retryMs = RETRY_MIN_MS;
  #cancelRetry: Cancel | undefined;

  /** @throws {ConfigError} where a bundled clip is missing */
  constructor(options: StandbySpeechOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#clips = options.clips ?? new StandbyClips();
  }

  get stats(): StandbySpeechStats {
    let bytes = 0;
    for (const { pcm } of this.#kept.values()) bytes += pcm.length;
    return { wanted: this.#wanted.size, kept: this.#kept.size, bytes };
  }

  /**
   * Says which phrases shall be ready, the most important first. May be called again when agents change: phrases that
   * are no longer named are let go, and those that are here already are not synthesised anew.
   */
  prepare(phrases: readonly Phrase[]): void {
    this.#wanted = new Map(phrases.map((phrase) => [keyOf(phrase), phrase]));
    for (const key of this.#kept.keys()) if (!this.#wanted.has(key)) this.#kept.delete(key);
    this.#missing = [...this.#wanted.values()].filter((phrase) => !this.#kept.has(keyOf(phrase)));
    this.#cancelRetry?.();
    this.#retryMs = RETRY_MIN_MS;
    void this.#work();
  }

  /** The standby voice of a session whose caller speaks the language of `locale`. */
  voiceFor(locale: string): StandbyVoice {
    return {
      speech: (purpose, text, voice) => this.#kept.get(keyOf({ text, voice })) ?? this.#clips.clip(purpose, locale),
    };
  }

  async *speak(...asked: Parameters<Synthesiser['speak']>): AsyncIterable<SynthesisPiece> {
    const [text, voice, signal] = asked;
    const kept = this.#kept.get(keyOf({ text, voice }));
    if (!kept) return yield* this.#options.synthesiser.speak(...asked);
    for (const piece of kept.pieces) {
      if (signal.aborted) return;
      yield piece;
    }
  }

  /** Ends the preparing. Idempotent. */
  close(): void {
    this.#abort.abort();
    this.#cancelRetry?.();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (let phrase = this.#missing.shift(); phrase; phrase = this.#missing.shift()) {
        if (!this.#isWanted(phrase)) continue;
        const failure = await this.#fetch(phrase);
        if (this.#abort.signal.aborted) return;
        if (!failure) continue;
        // It goes last: a phrase that the service refuses must not keep the others out.
        if (this.#isWanted(phrase)) this.#missing.push(phrase);
        this.#retryLater(failure);
        return;
      }
      this.#options.log.info(this.stats, 'the phrases of the agents are ready to be spoken');
    } finally {
      this.#isWorking = false;
    }
  }

  /** Returns why it did not work. */
  async #fetch(phrase: Phrase): Promise<unknown> {
    const { signal } = this.#abort;
    const pieces: SynthesisPiece[] = [];
    const audio: Uint8Array[] = [];
    let room = this.#maxBytes - this.stats.bytes;
    try {
      for await (const piece of this.#options.synthesiser.speak(phrase.text, phrase.voice, signal)) {
        pieces.push(piece);
        if (piece.type !== 'audio') continue;
        audio.push(piece.pcm);
        room -= piece.pcm.length;
        if (room < 0) {
          this.#options.log.warn(
            { voice: phrase.voice },
            'too many phrases to keep all: one is left to a bundled clip',
          );
          return;
        }
      }
    } catch (error) {
      return error;
    }
    if (signal.aborted) return;
    if (audio.every(({ length }) => length === 0))
      return new DependencyError('synthesis.empty', 'Azure Speech gave no audio for a phrase.');
    if (this.#isWanted(phrase)) this.#kept.set(keyOf(phrase), keep(phrase.text, pieces, audio));
    this.#retryMs = RETRY_MIN_MS;
  }

  #isWanted(phrase: Phrase): boolean {
    return this.#wanted.has(keyOf(phrase)) && !this.#kept.has(keyOf(phrase));
  }

  #retryLater(failure: unknown): void {
    const { clock, log } = this.#options;
    const retryMs = this.#retryMs;
    log.warn({ err: failure, retryMs, missing: this.#missing.length }, 'a phrase could not be made ready');
    this.#cancelRetry = clock.after(retryMs, () => void this.#work());
    this.#retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }
}

/** One stretch of memory for all, so that a phrase is kept once and not twice. */
function keep(text: string, pieces: readonly SynthesisPiece[], audio: readonly Uint8Array[]): Kept {
  const pcm = new Uint8Array(audio.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const views = pieces.map((piece): SynthesisPiece => {
    if (piece.type !== 'audio') return piece;
    pcm.set(piece.pcm, at);
    const from = at;
    at += piece.pcm.length;
    return { type: 'audio', pcm: pcm.subarray(from, at) };
  });
  return { text, pcm, pieces: views };
}
