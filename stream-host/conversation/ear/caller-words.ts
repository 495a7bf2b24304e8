import { writtenWordsOf } from '../language/words.ts';

/** Where in the caller's audio a phrase lies, and whether its words are final. */
export interface Hearing {
  readonly offsetMs: number;
  readonly endMs: number;
  readonly final: boolean;
}

interface Phrase {
  readonly offsetMs: number;
  endMs: number;
  words: readonly string[];
  settled: boolean;
  changedAtMs: number;
  /** How many of the words, from the first, a turn of the agent has already taken up. */
  taken: number;
  /** The words were not heard but pressed or typed: no recogniser changes them. */
  readonly given?: true;
  /** Set when the last of the taken words were let pass: how many a turn had taken before. */
  passedFrom: number | undefined;
}

/** Phrases that are final and wholly taken are kept for a while, as the recogniser may still refine the newest. */
const KEPT_PHRASES = 4;
const SAME_PHRASE_MS = 100;
/** A recogniser moves a phrase's start while it refines it. */
const SAME_OPEN_PHRASE_MS = 1500;
/** The detector and the recogniser do not agree to the millisecond on where a word ends. */
const COVERED_WITHIN_MS = 300;
/** A breath or a room that rings may be more. If it was a word after all, it comes soon after the final before it. */
const BREATH_MS = 700;
const WORD_AFTER_FINAL_MS = 600;

/** What a partial or final did to words that a turn had taken already. */
export type Correction = { readonly takenText: string; readonly settled: boolean };

/**
 * The caller's words as the recogniser hears them, and which of them a turn has taken up. A word is taken once:
 * a final that comes after its partial was answered corrects those words, it does not ask again; and no word is
 * dropped because it came at a bad moment.
 */
export class CallerWords {
  readonly #phrases: Phrase[] = [];
  readonly #stablePartialMs: number;
  /** The phrases of the last take, each with how many of its words earlier turns had taken. */
  #lastTake: { readonly phrase: Phrase; readonly from: number }[] = [];
  #spokeSinceTake = false;
  #heardUntilMs = Number.NEGATIVE_INFINITY;
  #finalAtMs = Number.NEGATIVE_INFINITY;

  constructor(stablePartialMs: number) {
    this.#stablePartialMs = stablePartialMs;
  }

  /** The caller is making sounds: what the recogniser adds from now on is new, no refinement of what was taken. */
  speechStarted(): void {
    this.#spokeSinceTake = true;
    this.#finalAtMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Takes in a partial or a final. The phrase is known by where it starts.
   * @returns the correction, when it changed words that the last turn took
   */
  heard(text: string, { offsetMs, endMs, final }: Hearing, nowMs: number): Correction | undefined {
    const words = writtenWordsOf(text);
    const phrase = this.#phraseAt(offsetMs, endMs, nowMs);
    if (phrase.settled && !final) return;
    this.#heardUntilMs = Math.max(this.#heardUntilMs, endMs);
    phrase.endMs = endMs;
    if (phrase.passedFrom !== undefined && !sameWords(words, phrase.words)) {
      // It was no mere acknowledgement: "okay" has become "okay, wait".
      phrase.taken = phrase.passedFrom;
      phrase.passedFrom = undefined;
    }
    const before = phrase.words.slice(0, phrase.taken);
    if (words.join('') !== phrase.words.join('')) phrase.changedAtMs = nowMs;
    phrase.words = words;
    phrase.settled = final;
    if (final) this.#finalAtMs = nowMs;
    if (phrase.taken === 0 || startsWith(words, before)) return;
    // The taken words themselves read differently now. Unless the caller spoke on, the whole phrase is their new reading.
    phrase.taken = this.#spokeSinceTake ? Math.min(phrase.taken, words.length) : words.length;
    if (!this.#lastTake.some((take) => take.phrase === phrase)) return;
    const takenText = this.#takenText();
    // Written shorter, as figures are, the phrase may end before the last turn's part of it: that stays as it was.
    return takenText === '' ? undefined : { takenText, settled: final };
  }

  /** Takes in what was said by pressing keys or by typing. It is final. */
  given(text: string, nowMs: number): void {
    const atMs = this.#phrases.at(-1)?.endMs ?? 0;
    this.#phrases.push({
      offsetMs: atMs,
      endMs: atMs,
      // All of it or nothing is taken.
      words: [text],
      settled: true,
      changedAtMs: nowMs,
      taken: 0,
      passedFrom: undefined,
      given: true,
    });
  }

  /** Some of the pending words were pressed or typed. */
  get hasGiven(): boolean {
    return this.#pending().some(({ given }) => given);
  }

  /** All words of the last take were. */
  get takenWereGiven(): boolean {
    return this.#lastTake.every(({ phrase }) => phrase.given);
  }

  /** When the words of the last take came to read as they do. */
  get takenChangedMs(): number {
    return Math.max(...this.#lastTake.map(({ phrase }) => phrase.changedAtMs));
  }

  /** The recogniser found no words in a stretch; what it had guessed of a phrase that starts there was nothing. */
  heardNothing(offsetMs: number, endMs: number): void {
    this.#heardUntilMs = Math.max(this.#heardUntilMs, endMs);
    const phrase = this.#phrases.find(
      (other) => !other.settled && Math.abs(other.offsetMs - offsetMs) < SAME_PHRASE_MS,
    );
    if (phrase) Object.assign(phrase, { words: phrase.words.slice(0, phrase.taken), settled: true });
  }

  /**
   * Words that no turn has taken: none, some that may still change or lack the latest speech, or settled ones.
   * @param spokenUntilMs where in the caller's audio the latest speech ended
   */
  status(nowMs: number, spokenUntilMs: number): 'none' | 'open' | 'settled' {
    const pending = this.#pending();
    if (pending.length === 0) return 'none';
    // What was pressed or typed is whole, whatever the recogniser has still to say of what sounded before.
    if (pending.every(({ given }) => given)) return 'settled';
    const settled = (phrase: Phrase) => phrase.settled || nowMs - phrase.changedAtMs >= this.#stablePartialMs;
    if (!pending.every(settled)) return 'open';
    return this.cover(spokenUntilMs) || this.#onlyBreathAfter(spokenUntilMs, nowMs) ? 'settled' : 'open';
  }

  #onlyBreathAfter(spokenUntilMs: number, nowMs: number): boolean {
    const isShort = this.#heardUntilMs >= spokenUntilMs - BREATH_MS;
    return isShort && this.pendingIsFinal && nowMs - this.#finalAtMs >= WORD_AFTER_FINAL_MS;
  }

  /** Whether the recogniser has listened to all speech up to there. */
  cover(spokenUntilMs: number): boolean {
    return this.#heardUntilMs >= spokenUntilMs - COVERED_WITHIN_MS;
  }

  get pendingText(): string {
    return textOf(this.#pending().map((phrase) => phrase.words.slice(phrase.taken)));
  }

  /** The recogniser will not change the pending words any more. */
  get pendingIsFinal(): boolean {
    return this.#pending().every((phrase) => phrase.settled);
  }

  /** Takes all pending words for a turn. */
  take(): string {
    this.#lastTake = this.#pending().map((phrase) => ({ phrase, from: phrase.taken }));
    for (const { phrase } of this.#lastTake) phrase.taken = phrase.words.length;
    this.#spokeSinceTake = false;
    while (this.#phrases.length > KEPT_PHRASES) this.#phrases.shift();
    return this.#takenText();
  }

  /** Lets the pending words pass: they ask for nothing. What the recogniser adds to them later is pending again. */
  dismiss(): void {
    for (const phrase of this.#pending()) {
      phrase.passedFrom ??= phrase.taken;
      phrase.taken = phrase.words.length;
    }
  }

  /** Puts back what the last {@link take} took: its turn was dropped before anything of it was heard. */
  putBack(): void {
    for (const { phrase, from } of this.#lastTake) {
      phrase.taken = from;
      if (!this.#phrases.includes(phrase)) this.#phrases.push(phrase);
    }
    this.#phrases.sort((a, b) => a.offsetMs - b.offsetMs);
    this.#lastTake = [];
  }

  #takenText(): string {
    return textOf(this.#lastTake.map(({ phrase, from }) => phrase.words.slice(from, phrase.taken)));
  }

  #phraseAt(offsetMs: number, endMs: number, nowMs: number): Phrase {
    const found = this.#phrases.findLast((phrase) => {
      if (phrase.given) return false;
      const movedMs = Math.abs(phrase.offsetMs - offsetMs);
      const overlaps = offsetMs < phrase.endMs && endMs > phrase.offsetMs;
      return movedMs < SAME_PHRASE_MS || (!phrase.settled && overlaps && movedMs < SAME_OPEN_PHRASE_MS);
    });
    if (found) return found;
    // The recogniser has moved on: what it left open will not get a final any more.
    for (const phrase of this.#phrases) phrase.settled = true;
    const phrase: Phrase = {
      offsetMs,
      endMs,
      words: [],
      settled: false,
      changedAtMs: nowMs,
      taken: 0,
      passedFrom: undefined,
    };
    this.#phrases.push(phrase);
    return phrase;
  }

  #pending(): Phrase[] {
    return this.#phrases.filter((phrase) => phrase.words.length > phrase.taken);
  }
}

/** The words of several phrases as one text. */
const textOf = (phrases: readonly (readonly string[])[]): string =>
  phrases
    .map((words) => words.join('').trim())
    .filter((text) => text !== '')
    .join(' ');

/** Whether two readings differ in nothing but capitals and punctuation. */
export function saysTheSame(a: string, b: string): boolean {
  return sameWords(writtenWordsOf(a), writtenWordsOf(b));
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}

function startsWith(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, at) => plain(words[at] ?? '') === plain(word));
}

/** Finals differ from partials in capitals and punctuation; that is no other word. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{M}\p{N}']/gu, '');
}
