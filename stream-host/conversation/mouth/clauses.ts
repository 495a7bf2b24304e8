import { type Writing, writingOf } from '../language/abbreviations.ts';

/** A first piece shorter than this is not worth a synthesis of its own ("Well,"). */
const FIRST_CLAUSE_CHARS = 12;
/** Later pieces are whole sentences, or clauses once they are this long: each synthesis has a fixed cost. */
const LATER_CLAUSE_CHARS = 60;
/** Text without any punctuation is cut at a space once it is this long. */
const LONGEST_CHARS = 220;

/** Marks that need no space after them: of Chinese and Japanese, Hindi, Arabic and Urdu, Armenian, Amharic, Khmer, Burmese. */
const SENTENCE_END = /[.!?…]["'”’»)\]]*\s|[。！？｡।॥؟۔։።፧។៕။]["'”’»」』）)\]]*\s?|\n/g;
const CLAUSE_END = /[,;:–—.!?…]["'”’»)\]]*\s|[、，；：،؛፣၊。！？｡।॥؟۔։።፧។៕။]["'”’»」』）)\]]*\s?|\n/g;
const SPACED_END = / |\n/g;
/** "Dr. Smith", "p.m. on": what stands before a full stop and may be short for something. */
const BEFORE_STOP = /(?<![\p{L}\p{M}])([\p{L}\p{M}]+)\.\s$/u;
/** The number of an item in a list: "1. Open the box." */
const ITEM_NUMBER = /(?:^|\n)\s*\d{1,3}\.\s$/;
const ORDINAL = /(?<![\d.,])\d{1,2}\.\s$/;

/**
 * Cuts a stream of text into pieces to synthesise: the first clause as soon as it stands (so that sound starts early),
 * then sentences. Nothing is lost or altered: the pieces, joined, are the text.
 */
export class ClauseCutter {
  #text = '';
  #first = true;
  readonly #writing: Writing;

  /** @param locale the language of the text, where it is known */
  constructor(locale = 'und') {
    this.#writing = writingOf(locale);
  }

  /** Adds text; returns the pieces that are complete now. */
  push(text: string): string[] {
    this.#text += text;
    const pieces: string[] = [];
    for (let end = this.#findEnd(); end > 0; end = this.#findEnd()) {
      pieces.push(this.#text.slice(0, end));
      this.#text = this.#text.slice(end);
      this.#first = false;
    }
    return pieces;
  }

  /** The rest, when the text has ended or paused; the next piece counts as a first one again. */
  flush(): string[] {
    const rest = this.#text;
    this.#text = '';
    this.#first = true;
    return rest.trim() === '' ? [] : [rest];
  }

  #findEnd(): number {
    const sentence = this.#endOf(SENTENCE_END, 1);
    const pattern = this.#writing.spaceEndsClause ? SPACED_END : CLAUSE_END;
    const clause = this.#endOf(pattern, this.#first ? FIRST_CLAUSE_CHARS : LATER_CLAUSE_CHARS);
    if (sentence > 0 && (clause === 0 || sentence <= clause)) return sentence;
    if (clause > 0) return clause;
    return this.#text.length > LONGEST_CHARS ? this.#longestEnd() : 0;
  }

  #endOf(pattern: RegExp, atLeastChars: number): number {
    for (const match of this.#text.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const piece = this.#text.slice(0, end);
      if (end >= atLeastChars && piece.trim() !== '' && !this.#isOpen(piece)) return end;
    }
    return 0;
  }

  /** Its full stop ends nothing. */
  #isOpen(piece: string): boolean {
    if (ITEM_NUMBER.test(piece) || (this.#writing.ordinalStop && ORDINAL.test(piece))) return true;
    const word = BEFORE_STOP.exec(piece)?.[1];
    return word !== undefined && (/^\p{L}$/u.test(word) || this.#writing.abbreviations.has(word.toLowerCase()));
  }

  /** At a space, or where the language has none, between two characters. */
  #longestEnd(): number {
    const space = this.#text.lastIndexOf(' ', LONGEST_CHARS) + 1;
    if (space > 0) return space;
    const isSplit = /[\uDC00-\uDFFF\p{M}]/u.test(this.#text[LONGEST_CHARS] ?? '');
    return isSplit ? LONGEST_CHARS - 1 : LONGEST_CHARS;
  }
}

const ENDS_SENTENCE = new RegExp(`(?:${SENTENCE_END.source})$`);

/** The first sentence of a text, or all of it, with a space after it and cut in the same places as the whole. */
export function firstSentence(text: string, locale: string): string {
  const cutter = new ClauseCutter(locale);
  const clauses = [...cutter.push(`${text} `), ...cutter.flush()];
  const last = clauses.findIndex((clause) => ENDS_SENTENCE.test(clause));
  return clauses.slice(0, last < 0 ? undefined : last + 1).join('');
}
