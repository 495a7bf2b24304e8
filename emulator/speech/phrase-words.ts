import type { AudioSpan } from './phrase-stream.ts';

export interface PhraseWord extends AudioSpan {
  readonly text: string;
}

/** The words of a phrase, spread over its time by their letters: the models here tell no times of single words. */
export function phraseWords(text: string, { startMs, endMs }: AudioSpan): PhraseWord[] {
  const words = text.match(/[\p{L}\p{N}'’-]+/gu) ?? [];
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  let at = startMs;
  return words.map((word) => {
    const from = at;
    at += ((endMs - startMs) * word.length) / letters;
    return { text: word, startMs: Math.round(from), endMs: Math.round(at) };
  });
}
