import type { Language } from './language.ts';

/** Figures or letters at the end of a sentence, as a number is dictated. */
export interface Dictation {
  /** How many digits or letters so far. */
  readonly digits: number;
  /** A word such as "number" or "code" stands before them. */
  readonly announced: boolean;
  /** Said digit by digit, "one oh four", and not as one figure. */
  readonly oneByOne: boolean;
}

/** How far before the figures their announcement may stand: "the number on the parcel is". */
const ANNOUNCED_WITHIN_WORDS = 6;

/** The number or spelling that a sentence ends in, or nothing where it ends in other words. */
export function digitsDictated(sentence: readonly string[], language: Language): Dictation | undefined {
  const start = sentence.findLastIndex((word) => digitsOf(word, language) === 0) + 1;
  const run = sentence.slice(start);
  const digits = run.reduce((sum, word) => sum + digitsOf(word, language), 0);
  if (run.length === 0) return undefined;
  const letters = run.filter((word) => /^\p{L}$/u.test(word)).length;
  const announced = sentence
    .slice(Math.max(0, start - ANNOUNCED_WITHIN_WORDS), start)
    .some((word) => language.identifiers.has(word));
  // "The blue one" is no figure.
  if (run.length === 1 && start > 0 && !announced && language.pronouns.has(run[0] ?? '')) return undefined;
  // One letter is a word ("a") or anything; spelling shows from the second.
  if (letters === run.length && run.length < 2) return undefined;
  return {
    digits,
    announced,
    oneByOne: run.length > 1 && run.every((word) => digitsOf(word, language) < 5 && !isNumberWord(word, language)),
  };
}

/** How many digits or letters a word stands for; 0 where it is neither. */
function digitsOf(word: string, language: Language): number {
  const figures = word.match(/^\p{N}+(?:[.,:]\p{N}+)*$/u)?.[0].replace(/\P{N}/gu, '');
  if (figures) return figures.length;
  if (/^\p{L}$/u.test(word)) return language.endings.has(word) && !language.fillers.has(word) ? 0 : 1;
  if (language.figures.has(word)) return isNumberWord(word, language) ? 2 : 1;
  return 0;
}

function isNumberWord(word: string, language: Language): boolean {
  return language.figures.endingOf([word])?.kind === 'number';
}
