/** A caller may well say one word that the agent has just said. Three in a row, in its order, are the agent's own. */
const LEAST_WORDS = 3;
/** On a line that is known to echo, fewer words and a looser likeness are enough. */
const SHARE_ON_ECHOING_LINE = 0.6;
const SHARE_OTHERWISE = 0.9;

/**
 * Whether what was recognised are words of the agent's own, come back: they are found in what it has said lately, in
 * the same order. Meant for a stretch in which no other voice was heard.
 */
export function echoesOf(heard: string, said: string, lineEchoes: boolean): boolean {
  const words = wordsOf(heard);
  if (words.length === 0) return false;
  if (!lineEchoes && words.length < LEAST_WORDS) return false;
  const shared = longestCommonRun(words, wordsOf(said));
  return shared >= words.length * (lineEchoes ? SHARE_ON_ECHOING_LINE : SHARE_OTHERWISE);
}

/** The length of the longest common subsequence: a recogniser drops and mishears some words of an echo. */
function longestCommonRun(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (const [at, other] of b.entries()) {
      next.push(word === other ? (row[at] ?? 0) + 1 : Math.max(next[at] ?? 0, row[at + 1] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
