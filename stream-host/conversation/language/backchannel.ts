import type { Language } from './language.ts';
import { wordsOf } from './words.ts';

/** Whether the words are nothing but acknowledgements and fillers that do not take the floor. '' is none. */
export function isBackchannel(words: string, language: Language): boolean {
  return language.acknowledgements.covers(wordsOf(words));
}
