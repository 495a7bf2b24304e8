import type { Language } from './language.ts';
import { wordsOf } from './words.ts';

/**
 * Whether the words only ask whether anybody is still there ("Hello? Are you there?"), and so nothing that has not been
 * asked before. '' does not.
 */
export function isPresenceCheck(text: string, language: Language): boolean {
  const words = wordsOf(text);
  return language.presenceChecks.covers(words) && !language.fillers.covers(words);
}

/** Whether a partial may yet turn out to be nothing but that: "are" may become "are you there". */
export function mayBecomePresenceCheck(text: string, language: Language): boolean {
  return language.presenceChecks.mayBecome(wordsOf(text));
}
