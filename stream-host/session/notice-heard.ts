/** What a service says word for word may differ in a word. */
const HEARD_SHARE = 0.9;
const STRAY_WORDS = 2;

/** The notice's own words: a caller who speaks first gets an answer in place of the greeting, and a voice that is away a clip. */
export function isHeardIn(text: string, notice: string): boolean {
  const wanted = wordsOf(notice);
  const first = new Set(wordsOf(text).slice(0, wanted.length + STRAY_WORDS));
  return wanted.filter((word) => first.has(word)).length >= HEARD_SHARE * wanted.length;
}

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
