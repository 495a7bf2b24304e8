import { wordsOf } from './words.ts';

/** A phrase that was found, and how many words it takes up. */
export interface Found<Kind> {
  readonly kind: Kind;
  readonly length: number;
}

/** Phrases of one or more words, each of a kind. Lookups cost a few map accesses, whatever the table holds. */
export class PhraseTable<Kind> {
  readonly #phrases = new Map<string, Kind>();
  #longest = 0;

  /**
   * Adds phrases. The first kind that a phrase was given counts.
   * @param list separated by commas: `'uh huh, right, i see'`
   */
  add(list: string, kind: Kind): this {
    for (const phrase of list.split(',')) {
      const words = wordsOf(phrase);
      const key = words.join(' ');
      if (words.length === 0 || this.#phrases.has(key)) continue;
      this.#phrases.set(key, kind);
      this.#longest = Math.max(this.#longest, words.length);
    }
    return this;
  }

  has(phrase: string): boolean {
    return this.#phrases.has(phrase);
  }

  /** The longest phrase that the words end with. */
  endingOf(words: readonly string[]): Found<Kind> | undefined {
    for (let length = Math.min(this.#longest, words.length); length > 0; length -= 1) {
      const kind = this.#phrases.get(words.slice(-length).join(' '));
      if (kind !== undefined) return { kind, length };
    }
    return undefined;
  }

  /** Whether the words are phrases of this table one after the other, and nothing else. No words are no phrases. */
  covers(words: readonly string[]): boolean {
    const reached = new Set([0]);
    for (let from = 0; from < words.length; from += 1) {
      if (!reached.has(from)) continue;
      for (let length = 1; length <= this.#longest && from + length <= words.length; length += 1) {
        if (this.#phrases.has(words.slice(from, from + length).join(' '))) reached.add(from + length);
      }
    }
    return words.length > 0 && reached.has(words.length);
  }

  /** Whether the words may still become a row of these phrases: all but the end is one, and the end begins another. */
  mayBecome(words: readonly string[]): boolean {
    for (let from = Math.max(0, words.length - this.#longest); from < words.length; from += 1) {
      const beginning = `${words.slice(from).join(' ')} `;
      const restFits = from === 0 || this.covers(words.slice(0, from));
      if (restFits && [...this.#phrases.keys()].some((phrase) => phrase.startsWith(beginning))) return true;
    }
    return false;
  }
}
