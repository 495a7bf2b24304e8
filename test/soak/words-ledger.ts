import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Report } from './faulty-recogniser.ts';
import { wordNumbers } from './line-audio.ts';

/**
 * Keeps the books of the caller's words: what the recogniser told the engine, and what became of it. Words that the
 * recogniser called final must stand in the history, and once; those of a partial that got no final, too.
 */
export class WordsLedger {
  readonly #final = new Set<number>();
  readonly #open = new Map<number, readonly number[]>();
  readonly #told = new Map<number, string>();
  /** The newest answer to {@link missing}, which is asked 50 times a second. */
  #missing: { readonly history: readonly HistoryItem[]; readonly finals: number; readonly words: readonly number[] } = {
    history: [],
    finals: 0,
    words: [],
  };
  readonly #numbersOf = new WeakMap<HistoryItem, readonly number[]>();

  reported({ phrase, text, kind }: Report): void {
    const words = wordNumbers(text);
    if (kind === 'partial' && !words.every((word) => this.#final.has(word))) this.#open.set(phrase, words);
    if (kind !== 'final') return;
    this.#open.delete(phrase);
    for (const word of words) this.#final.add(word);
  }

  /** The engine told the world which words a turn answers, or that they read differently. */
  told(text: string, turn: number): void {
    this.#told.set(turn, text);
  }

  /** Final words that are not in the history (yet). */
  missing(history: readonly HistoryItem[]): readonly number[] {
    const known = this.#missing;
    if (known.history === history && known.finals === this.#final.size) return known.words;
    const there = new Set(this.#inHistory(history));
    const words = [...this.#final].filter((word) => !there.has(word));
    this.#missing = { history, finals: this.#final.size, words };
    return words;
  }

  /** What is wrong at any moment. */
  checkAlways(history: readonly HistoryItem[]): [rule: string, detail: string][] {
    const twice = repeated(this.#inHistory(history));
    return twice.length === 0 ? [] : [['words-answered-twice', `c${twice.join(' c')}`]];
  }

  /** What is wrong once everything has come to rest. */
  checkAtRest(history: readonly HistoryItem[]): [rule: string, detail: string][] {
    const found = this.checkAlways(history);
    const missing = this.missing(history);
    if (missing.length > 0) found.push(['words-lost', `c${missing.join(' c')}`]);
    const there = this.#inHistory(history);
    const openLost = [...this.#open.values()].flat().filter((word) => !there.includes(word));
    if (openLost.length > 0) found.push(['words-of-a-partial-lost', `c${openLost.join(' c')}`]);
    const told = [...this.#told.values()].flatMap(wordNumbers);
    const toldTwice = repeated(told);
    if (toldTwice.length > 0) found.push(['words-told-twice', `c${toldTwice.join(' c')}`]);
    const untold = there.filter((word) => !told.includes(word));
    if (untold.length > 0) found.push(['words-never-told', `c${untold.join(' c')}`]);
    return found;
  }

  #inHistory(history: readonly HistoryItem[]): number[] {
    return history.flatMap((item) => {
      if (item.role !== 'caller') return [];
      const known = this.#numbersOf.get(item) ?? wordNumbers(item.text);
      this.#numbersOf.set(item, known);
      return known;
    });
  }
}

function repeated(words: readonly number[]): number[] {
  const seen = new Set<number>();
  return words.filter((word) => seen.size === seen.add(word).size);
}
