import type { Language } from './language.ts';
import { wordsOf } from './words.ts';

/** Whether the words are nothing but acknowledgements and fillers that do not take the floor. '' is none. */
export function isBackchannel(words: string, language: Language): boolean {
  return language.acknowledgements.covers(wordsOf(words));
}

/** Whether a partial may yet turn out to be nothing but acknowledgements: "I" may become "I see", "all" "all right". */
export function mayBecomeBackchannel(words: string, language: Language): boolean {
  return language.acknowledgements.mayBecome(wordsOf(words));
}
