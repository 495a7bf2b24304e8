import { TEENS, TENS, UNITS } from '../number-names.ts';

const NUMBER_WORD = `(?:${[...UNITS, ...TEENS, ...TENS.slice(2), 'oh', 'hundred', 'thousand'].join('|')})`;
const RUN = new RegExp(`\\b${NUMBER_WORD}(?:(?:[ -]|(?<=hundred|thousand) and )${NUMBER_WORD})*\\b`, 'gi');

/**
 * Writes spoken numbers as digits, as Azure does in its display text ("inverse text normalisation"): "order one thousand
 * forty two" and "order ten forty two" are "order 1042". A lone word below ten stays a word. Up to 999 999.
 */
export const numbersAsDigits = (text: string): string => text.replace(RUN, (run) => asDigits(run) ?? run);

function asDigits(run: string): string | undefined {
  const words = run
    .toLowerCase()
    .split(/[ -]/)
    .filter((word) => word !== 'and');
  if (words.length === 1 && numberOf(words[0]) < 10) return undefined;
  if (words.includes('hundred') || words.includes('thousand')) return quantity(words);
  // Read out in groups, as people read order and phone numbers: "ten forty two", "five five five".
  let digits = '';
  for (const [index, word] of words.entries()) {
    const value = numberOf(word);
    const isUnitOfTens = value > 0 && value < 10 && numberOf(words[index - 1]) >= 20;
    digits = isUnitOfTens ? digits.slice(0, -1) + value : digits + value;
  }
  return digits;
}

function quantity(words: readonly string[]): string | undefined {
  let total = 0;
  let group = 0;
  let room = 1000; // what may still be added to the group: after "forty" only a unit, after a unit nothing
  for (const word of words) {
    if (word === 'hundred' && group > 0 && group < 100) {
      group *= 100;
      room = 100;
    } else if (word === 'thousand' && group > 0 && total === 0) {
      total = group * 1000;
      group = 0;
      room = 1000;
    } else {
      const value = numberOf(word);
      if (Number.isNaN(value) || value === 0 || value >= room) return undefined;
      group += value;
      room = value >= 20 ? 10 : 1;
    }
  }
  return String(total + group);
}

/** Of one word up to "ninety"; not a number for others. */
function numberOf(word: string | undefined): number {
  if (word === undefined) return Number.NaN;
  if (word === 'oh') return 0;
  for (const [names, factor, first] of [
    [UNITS, 1, 0],
    [TEENS, 1, 10],
    [TENS, 10, 0],
  ] as const) {
    const index = names.indexOf(word);
    if (index >= 0) return index * factor + first;
  }
  return Number.NaN;
}
