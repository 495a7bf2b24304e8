import { PAUSE, type Phone } from './phones.ts';

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Finds where each word lies among the sounds that were spoken, by the cheapest alignment of how the words sound on
 * their own with what was said. Where both agree, which is nearly always, a word's borders are exactly the
 * synthesiser's own. Where a word sounds different in context ("a" as in "about", a number read as a year), its inner
 * sounds may be matched wrongly, and a border can be off by a sound or two: some 100 ms.
 *
 * @param words for each word its phones; a word without any gets an empty span where it would be
 * @param spoken all phones with pauses, in order
 */
export function timeWords(words: readonly (readonly string[])[], spoken: readonly Phone[]): Span[] {
  const expected = words.flatMap((phones, word) => phones.map((name) => ({ name, word })));
  const actual: (Span & { name: string })[] = [];
  let startMs = 0;
  for (const { name, endMs } of spoken) {
    if (name !== PAUSE) actual.push({ name, startMs, endMs });
    startMs = endMs;
  }

  const starts = new Array<number | undefined>(words.length).fill(undefined);
  const ends = new Array<number>(words.length).fill(0);
  for (const [at, index] of align(expected, actual).entries()) {
    const sound = actual[at];
    const word = expected[index]?.word;
    if (sound === undefined || word === undefined) continue;
    starts[word] ??= sound.startMs;
    ends[word] = sound.endMs;
  }
  let reachedMs = actual[0]?.startMs ?? 0;
  return words.map((_, word) => {
    const start = starts[word];
    if (start === undefined) return { startMs: reachedMs, endMs: reachedMs };
    reachedMs = ends[word] ?? start;
    return { startMs: start, endMs: reachedMs };
  });
}

interface Named {
  readonly name: string;
}

const VOWEL = /^[aeiou]/;
const sameness = (a: Named | undefined, b: Named | undefined): number => {
  if (a === undefined || b === undefined) return 1;
  if (a.name === b.name) return 0;
  return VOWEL.test(a.name) === VOWEL.test(b.name) ? 0.7 : 1.2;
};

/**
 * For each actual sound the index of the expected one that it stands for: edit distance with its way back. A sound that
 * nothing was expected for counts with the one before it.
 */
function align(expected: readonly Named[], actual: readonly Named[]): number[] {
  const width = actual.length + 1;
  const cost = new Float32Array((expected.length + 1) * width);
  const at = (e: number, a: number) => cost[e * width + a] ?? 0;
  for (let e = 0; e <= expected.length; e++) {
    for (let a = 0; a < width; a++) {
      if (e === 0 || a === 0) {
        cost[e * width + a] = e + a;
        continue;
      }
      const matched = at(e - 1, a - 1) + sameness(expected[e - 1], actual[a - 1]);
      cost[e * width + a] = Math.min(matched, at(e - 1, a) + 1, at(e, a - 1) + 1);
    }
  }

  const standsFor = new Array<number>(actual.length).fill(0);
  let e = expected.length;
  for (let a = actual.length; a > 0; ) {
    const here = at(e, a);
    if (e > 0 && Math.abs(here - at(e - 1, a - 1) - sameness(expected[e - 1], actual[a - 1])) < 1e-3) {
      e -= 1;
      a -= 1;
      standsFor[a] = e;
    } else if (e > 0 && Math.abs(here - at(e - 1, a) - 1) < 1e-3) {
      e -= 1;
    } else {
      a -= 1;
      standsFor[a] = Math.max(0, e - 1);
    }
  }
  return standsFor;
}
