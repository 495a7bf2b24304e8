/** A word as it stands in the text, and as Flite is to read it. */
export interface SpokenWord {
  /** A slice of the text, without the punctuation around it. */
  readonly text: string;
  readonly spoken: string;
}

export interface SpokenSentence {
  readonly words: readonly SpokenWord[];
  /** The whole sentence as Flite is to read it, with the punctuation that shapes its melody. */
  readonly spoken: string;
}

/** Flite's time and memory grow with the text, and nothing is heard before a piece of it is done. */
const MAX_SENTENCE_CHARS = 240;
/** What is worth to be spoken by itself, for the sake of the rest. */
const OPENING_CHARS = 15;
const ABBREVIATION = /(?:^|\s)(?:Dr|Mr|Mrs|Ms|St|Prof|No|vs|e\.g|i\.e|etc)\.\s*$/i;
const TOKEN = /[^\s\u2010-\u2015\u2026]+/gu;
const LONE_SYMBOL = /^[&@%+=$#]$/;

const sentenceSegmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Cuts a text into sentences: slices of it, in order, nothing left out. Long ones are cut at a comma or a space. */
export function splitSentences(text: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of sentenceSegmenter.segment(text)) {
    open += segment;
    if (ABBREVIATION.test(open) && open.length < MAX_SENTENCE_CHARS) continue;
    sentences.push(...splitLong(open));
    open = '';
  }
  if (open !== '') sentences.push(...splitLong(open));
  return sentences;
}

/**
 * A long sentence with its first words apart, up to a comma, where a voice pauses anyway: Azure's voices begin after the
 * first words too, while Flite gives a piece only when the whole of it is made.
 */
export function splitOpening(sentence: string): string[] {
  const end = sentence.indexOf(', ', OPENING_CHARS) + 1;
  return end === 0 || sentence.length < 4 * OPENING_CHARS ? [sentence] : [sentence.slice(0, end), sentence.slice(end)];
}

function splitLong(sentence: string): string[] {
  const pieces: string[] = [];
  let rest = sentence;
  while (rest.length > MAX_SENTENCE_CHARS) {
    const head = rest.slice(0, MAX_SENTENCE_CHARS);
    const cut = Math.max(head.lastIndexOf(', '), head.lastIndexOf('; '), 0) || head.lastIndexOf(' ');
    const length = cut > 0 ? cut + 1 : MAX_SENTENCE_CHARS;
    pieces.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  pieces.push(rest);
  return pieces;
}

/** A sentence's words, and how Flite is to read it. What cannot be spoken in English (你好, an emoji) is in neither. */
export function toSpoken(sentence: string): SpokenSentence {
  const words: SpokenWord[] = [];
  const spoken: string[] = [];
  for (const [token] of sentence.matchAll(TOKEN)) {
    const readable = toReadable(token);
    const bare = readable.replace(/^[^\w$&@%+=#]+|[^\w$&@%+=#]+$/g, '');
    if (!/[a-z0-9]/i.test(bare) && !LONE_SYMBOL.test(bare)) continue;
    // A pronunciation is asked for with commas between words, so that a word must not have any.
    words.push({ text: trimPunctuation(token), spoken: bare.replaceAll(/,(?!\d{3})/g, ' ') });
    spoken.push(readable);
  }
  return { words, spoken: spoken.join(' ') };
}

const trimPunctuation = (token: string): string =>
  token.replace(/^[^\p{L}\p{N}\p{S}&@%#]+|[^\p{L}\p{N}\p{S}&@%#]+$/gu, '') || token;

const LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ı: 'i',
  '\u2018': "'",
  '\u2019': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u00b0': ' degrees',
};

/** ASCII that sounds the same: accents off, typographic quotes to plain ones, pounds and euros in words. */
function toReadable(token: string): string {
  return token
    .replace(/£(\d[\d.,]*\d|\d)/g, '$1 pounds')
    .replace(/€(\d[\d.,]*\d|\d)/g, '$1 euros')
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/gu, (letter) => LETTERS[letter] ?? '');
}
