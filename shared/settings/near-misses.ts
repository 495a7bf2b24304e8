import type { Environment } from './setting.ts';

export interface NearMiss {
  readonly given: string;
  readonly meant: string;
}

/** Shorter names are near too many others. */
const SHORTEST_NAME = 8;
/** So many letters in a row may differ: one missing, one wrong, two swapped. */
const MOST_DIFFERING = 2;

/**
 * Variables that are set, are no settings of ours, and look like one: `MAX_SESSION`, `OPENAI_BASEURL`, `log_level`. Other
 * programs have variables too, so these can only be pointed out.
 *
 * @param known every setting that any process of ours reads
 */
export function nearMisses(env: Environment, known: readonly string[]): NearMiss[] {
  const names = known
    .filter((name) => name.length >= SHORTEST_NAME)
    .map((name) => ({ name, letters: lettersOf(name) }));
  return Object.keys(env).flatMap((given) => {
    if (known.includes(given) || given.length < SHORTEST_NAME - 1) return [];
    const letters = lettersOf(given);
    const meant = names.find((name) => differing(name.letters, letters) <= MOST_DIFFERING);
    return meant === undefined ? [] : [{ given, meant: meant.name }];
  });
}

export const nearMissText = ({ given, meant }: NearMiss): string =>
  `${given} is set, and Parley has no such setting: did you mean ${meant}?`;

const lettersOf = (name: string): string => name.toUpperCase().replaceAll('_', '');

/** Letters of the longer text between what both begin with and what both end with. */
function differing(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return Math.max(a.length, b.length) - start - end;
}
