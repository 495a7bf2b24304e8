import { Flite, type FliteVoice } from './flite.ts';
import type { Phone } from './phones.ts';
import type { SpokenSentence, SpokenWord } from './spoken-text.ts';
import { type Span, timeWords } from './word-timing.ts';

const MAX_KNOWN_WORDS = 5000;

/** {@link Flite}, which also tells when each word is spoken. */
export class TimedFlite {
  readonly #flite: Flite;
  readonly #pronunciations = new Map<string, readonly string[]>();

  private constructor(flite: Flite) {
    this.#flite = flite;
  }

  static async load(): Promise<TimedFlite> {
    return new TimedFlite(await Flite.load());
  }

  /** Speaks a sentence as {@link Flite.speak} does; for each of its words there is a span. */
  speak(
    { words, spoken }: SpokenSentence,
    voice: FliteVoice,
    stretch: number,
  ): { samples: Int16Array; phones: Phone[]; spans: Span[] } {
    const { samples, phones } = this.#flite.speak(spoken, voice, stretch);
    return { samples, phones, spans: timeWords(this.#pronounce(words), phones) };
  }

  /** Every word's phones, from memory where it was spoken before. Without an answer from Flite, its letters stand in. */
  #pronounce(words: readonly SpokenWord[]): (readonly string[])[] {
    const known = this.#pronunciations;
    if (known.size > MAX_KNOWN_WORDS) known.clear();
    const unknown = [...new Set(words.map(({ spoken }) => spoken))].filter((word) => !known.has(word));
    const answers = this.#flite.pronounce(unknown);
    const now = new Map(unknown.map((word, index) => [word, answers?.[index] ?? [...word.toLowerCase()]]));
    if (answers !== undefined) for (const [word, phones] of now) known.set(word, phones);
    return words.map(({ spoken }) => known.get(spoken) ?? now.get(spoken) ?? []);
  }
}
