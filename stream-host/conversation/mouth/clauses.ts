/** A first piece shorter than this is not worth a synthesis of its own ("Well,"). */
const FIRST_CLAUSE_CHARS = 12;
/** Later pieces are whole sentences, or clauses once they are this long: each synthesis has a fixed cost. */
const LATER_CLAUSE_CHARS = 60;
/** Text without any punctuation is cut at a space once it is this long. */
const LONGEST_CHARS = 220;

const SENTENCE_END = /[.!?…]["')\]]*\s|[。！？]|\n/g;
const CLAUSE_END = /[,;:–—]["')\]]*\s|[.!?…]["')\]]*\s|[、，。！？]|\n/g;
/** "Dr. Smith", "No. 5", "3.5": a full stop that ends nothing. */
const ABBREVIATION = /(?:\b(?:dr|mr|mrs|ms|st|no|vs|etc|e\.g|i\.e)|\b[a-z])\.\s$/i;

/**
 * Cuts a stream of text into pieces to synthesise: the first clause as soon as it stands (so that sound starts early),
 * then sentences. Nothing is lost or altered: the pieces, joined, are the text.
 */
export class ClauseCutter {
  #text = '';
  #first = true;

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
    const clause = this.#endOf(CLAUSE_END, this.#first ? FIRST_CLAUSE_CHARS : LATER_CLAUSE_CHARS);
    if (sentence > 0 && (clause === 0 || sentence <= clause)) return sentence;
    if (clause > 0) return clause;
    return this.#text.length > LONGEST_CHARS ? this.#text.lastIndexOf(' ', LONGEST_CHARS) + 1 : 0;
  }

  #endOf(pattern: RegExp, atLeastChars: number): number {
    for (const match of this.#text.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const piece = this.#text.slice(0, end);
      if (end >= atLeastChars && piece.trim() !== '' && !ABBREVIATION.test(piece)) return end;
    }
    return 0;
  }
}
