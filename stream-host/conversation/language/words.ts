import { UNSPACED } from '../../dialogue/unspaced.ts';

/**
 * One word: a figure with its separators ("1,042", "12:30"), letters with dots ("a.m."), or letters and digits with inner
 * apostrophes. A closing apostrophe stays, as it is how French and Italian leave a word open ("l'").
 */
const WORD = /\p{N}+(?:[.,:]\p{N}+)+|(?:\p{L}\.)+\p{L}(?![\p{L}\p{N}])|[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*'?/gu;
const SENTENCE_END = /[.!?…。！？؟।۔]+\s+/u;
/** "mmmm", "sooo": a drawn-out sound is the same word. No language at hand writes a letter three times. */
const DRAWN_OUT = /(\p{L})\1{2,}/gu;

/** The words of a text, lower case, without punctuation; hyphens divide ("uh-huh" is two words). */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replaceAll('’', "'").replace(DRAWN_OUT, '$1');
  return plain.match(WORD) ?? [];
}

/** The words of the last sentence, as far as the recogniser has set full stops at all. */
export function lastSentenceOf(text: string): string[] {
  return wordsOf(text.trim().split(SENTENCE_END).at(-1) ?? '');
}

const PIECE = new RegExp(`\\s*(?:[${UNSPACED}]\\p{M}*|[^\\s${UNSPACED}]+)`, 'gu');

/**
 * A text in its words as they stand, to be counted: put together they are the text. A mark that stands apart is no word,
 * but belongs to the one before it, as in "Où est-il ?". Where words are not parted, each letter counts as one, or nothing
 * could ever be added to them.
 */
export function writtenWordsOf(text: string): string[] {
  const words: string[] = [];
  let opening = '';
  for (const [piece] of text.trim().matchAll(PIECE)) {
    if (/[\p{L}\p{N}]/u.test(piece)) {
      words.push(opening + piece);
      opening = '';
    } else if (words.length > 0) words[words.length - 1] += piece;
    else opening += piece;
  }
  return words;
}

/** What a text ends with: nothing, or a mark of one of these kinds. */
export type Mark = 'none' | 'stop' | 'question' | 'comma' | 'trail';

/**
 * The mark at the end of a text. 'trail': "…", "..." or a dash, by which a recogniser shows that somebody broke off. Greek
 * asks by a semicolon.
 */
export function markOf(text: string): Mark {
  const end = text.trimEnd();
  if (/(?:\.\.+|…|[-–—])$/u.test(end)) return 'trail';
  if (/[?？؟]$|\p{sc=Grek}\s*[;\u037e]$/u.test(end)) return 'question';
  if (/[.!。！।۔]$/u.test(end)) return 'stop';
  return /[,;:、，،]$/u.test(end) ? 'comma' : 'none';
}
