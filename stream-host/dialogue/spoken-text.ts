import { UNSPACED } from './unspaced.ts';

interface Clause {
  text: string;
  readonly startMs: number;
  /** Where in `text` each spoken word ends, and when it has been spoken half: the moment it counts as heard. */
  readonly words: { readonly endChar: number; readonly heardAtMs: number }[];
  durationMs: number;
  /** All of the clause's audio is there. */
  complete: boolean;
}

/** How fast text goes by where neither word times nor the whole duration are known; in a writing of syllables, slower. */
const CHARS_PER_MS = 0.015;
const SYLLABLES_PER_MS = 0.005;
const SYLLABIC = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u;
/** A text ends at a space, and in writings that have none between words behind any of their letters. */
const LAST_END = new RegExp(`^.*(?:(?= )|[${UNSPACED}](?=\\P{M}))`, 'su');

/**
 * Which of an answer's words have been heard at a point of its playout. Word times come from the synthesiser; where it
 * gives none, a clause's words are spread over its duration by their letters.
 */
export class SpokenText {
  readonly #clauses: Clause[] = [];

  /** @param startMs where the clause's audio starts in the playout of the answer */
  addClause(text: string, startMs: number): void {
    this.#clauses.push({ text, startMs, words: [], durationMs: 0, complete: false });
  }

  /** The newest clause has some more text: of a voice whose words come while it speaks. */
  addText(text: string): void {
    const clause = this.#clauses.at(-1);
    if (clause) clause.text += text;
  }

  /** Adds a word of the newest clause; times are from the start of the clause's audio. */
  addWord(word: string, startMs: number, durationMs: number): void {
    const clause = this.#clauses.at(-1);
    if (!clause) return;
    const from = clause.words.at(-1)?.endChar ?? 0;
    const at = clause.text.indexOf(word, from);
    // The synthesiser may normalise what it speaks; a word that is not in the text moves nothing.
    if (at >= 0) clause.words.push({ endChar: at + word.length, heardAtMs: startMs + durationMs / 2 });
  }

  /** All of the newest clause's audio is there, and so long it is. */
  endClause(durationMs: number): void {
    const clause = this.#clauses.at(-1);
    if (clause) Object.assign(clause, { durationMs, complete: true });
  }

  /** The newest clause breaks off: so much of its audio there is, and no more will be. Words without audio are dropped. */
  breakOff(durationMs: number): void {
    const clause = this.#clauses.pop();
    if (!clause) return;
    const text = heardOf(clause, durationMs);
    if (text !== '') this.#clauses.push({ ...clause, text, durationMs, complete: true });
  }

  get full(): string {
    return this.#clauses
      .map((clause) => clause.text)
      .join('')
      .trim();
  }

  /** The text up to the last word that was heard when `playedMs` of the answer had been played. */
  heardAt(playedMs: number): string {
    return this.#clauses
      .map((clause) => heardOf(clause, playedMs - clause.startMs))
      .join('')
      .trim();
  }
}

function heardOf(clause: Clause, playedMs: number): string {
  if (playedMs <= 0) return '';
  if (clause.complete && playedMs >= clause.durationMs) return clause.text;
  if (clause.words.length === 0) return heardByLetters(clause, playedMs);
  const last = clause.words.findLast((word) => word.heardAtMs <= playedMs);
  return clause.text.slice(0, last?.endChar ?? 0);
}

function heardByLetters(clause: Clause, playedMs: number): string {
  const { text, complete, durationMs } = clause;
  const usual = SYLLABIC.test(text) ? SYLLABLES_PER_MS : CHARS_PER_MS;
  const charsPerMs = complete ? text.length / durationMs : usual;
  // With the letter that follows: it may be a space, or a mark of the one before.
  const gone = text.slice(0, Math.floor(playedMs * charsPerMs) + 1);
  return LAST_END.exec(gone)?.[0] ?? '';
}
