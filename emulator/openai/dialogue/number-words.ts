import { TEENS, TENS, UNITS } from '../../number-names.ts';

/**
 * Order numbers as speech recognition writes them: `1042`, `1,042`, `10-42`, `ten forty-two`, `one zero four two`,
 * `one oh four two`, `one thousand and forty two`, `10 40 2`; and back into words that a voice reads well.
 */

const VALUES = new Map<string, number>([
  ...UNITS.map((word, value): [string, number] => [word, value]),
  ...TEENS.map((word, index): [string, number] => [word, index + 10]),
  ...TENS.slice(2).map((word, index): [string, number] => [word, (index + 2) * 10]),
  ['oh', 0],
  ['o', 0],
  ['nought', 0],
  ['fourty', 40],
]);

/** Words that sound like a digit. They count as one only next to digits: "one of four two", "1040 to on Friday". */
const SOUNDALIKES = new Map([
  ['of', '0'],
  ['or', '0'],
  ['owe', '0'],
  ['for', '4'],
  ['to', '2'],
  ['too', '2'],
  ['won', '1'],
  ['ate', '8'],
]);

/** No day and no other noun begins with these, so that a "to" before them is no preposition. */
const AFTER_NUMBER = /^(on|un|in|at|by|until|instead|please|arrive|come|and|be|is|next|this)$/;

const REPEATS = new Map([
  ['double', 2],
  ['triple', 3],
]);

const UNITS_OF_MEASURE = /^(am|pm|oclock|percent|dollars?|euros?|pounds?|minutes?|hours?|days?|weeks?|months?|times?)$/;

/** The order numbers in a text, as digits without leading zeros, in the order of their appearance. */
export function findOrderNumbers(text: string): string[] {
  const words = replaceSoundalikes(tokenise(text));
  const numbers: string[] = [];
  for (let index = 0; index < words.length; ) {
    const found = readNumber(words, index);
    if (!found) {
      index++;
      continue;
    }
    const digits = found.digits.replace(/^0+/, '');
    const announced = /^(orders?|numbers?)$/.test(words[index - 1] ?? '');
    const isMeasure = UNITS_OF_MEASURE.test(words[found.next] ?? '');
    if (!isMeasure && digits.length <= 8 && digits.length >= (announced ? 1 : 3)) numbers.push(digits);
    index = found.next;
  }
  return numbers;
}

/** `1042` -> `ten forty-two`; numbers of other lengths digit by digit. */
export function speakOrderNumber(digits: string): string {
  if (!/^[1-9]\d{3}$/.test(digits)) return [...digits].map((digit) => UNITS[Number(digit)] ?? digit).join(' ');
  const high = Number(digits.slice(0, 2));
  const low = Number(digits.slice(2));
  if (low === 0) return high % 10 === 0 ? `${UNITS[high / 10]} thousand` : `${speakBelowHundred(high)} hundred`;
  return `${speakBelowHundred(high)} ${low < 10 ? `oh ${UNITS[low]}` : speakBelowHundred(low)}`;
}

/** `42` -> `forty-two`, for 0 to 99. */
export function speakBelowHundred(value: number): string {
  if (value < 10) return UNITS[value] ?? '';
  if (value < 20) return TEENS[value - 10] ?? '';
  const tens = TENS[Math.floor(value / 10)] ?? '';
  return value % 10 === 0 ? tens : `${tens}-${UNITS[value % 10]}`;
}

function tokenise(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll(/(?<=\d)['’]s\b|['’]/g, '')
      .replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, '')
      // "order1042" is two words; "21st" and "3pm" stay whole, for they are no order numbers.
      .replaceAll(/(?<=[a-z])(?=\d)/g, ' ')
      .split(/[^a-z0-9]+/)
      .filter((word) => word !== '')
  );
}

function replaceSoundalikes(words: readonly string[]): string[] {
  const isDigit = (word: string | undefined) => (valueOfWord(word) ?? 10) < 10;
  const replaced = [...words];
  for (const [index, word] of words.entries()) {
    const digit = SOUNDALIKES.get(word);
    if (digit === undefined) continue;
    const next = words[index + 1];
    const between = isDigit(replaced[index - 1]) && isDigit(next);
    const isEnd = next === undefined || AFTER_NUMBER.test(next);
    const closesDigits = isEnd && [1, 2, 3].every((back) => isDigit(replaced[index - back]));
    const before = valueOfWord(replaced[index - 1]) ?? 0;
    // Behind a number that could stand alone, "too" is more likely to mean "as well".
    const endsInTens = before >= 20 && before % 10 === 0 && before % 100 !== 0 && (before < 100 || word === 'to');
    const closesTens = isEnd && endsInTens && digit !== '0';
    if (between || closesDigits || closesTens) replaced[index] = digit;
  }
  return replaced;
}

interface Reading {
  readonly digits: string;
  /** The index of the first word after it. */
  readonly next: number;
}

/** Reads groups ("ten", "forty two") for as long as they follow each other, and strings their digits together. */
function readNumber(words: readonly string[], start: number): Reading | undefined {
  let reading = readGroup(words, start);
  while (reading) {
    const group = readGroup(words, reading.next);
    if (!group) break;
    const isComplete = reading.digits.length >= 3 && /^\d{3,}$/.test(words[reading.next - 1] ?? '');
    if (isComplete) {
      // "1040 2" is "ten forty two" that was cut in the wrong place; anything else opens the next number.
      const completes = /[1-9]0$/.test(reading.digits) && /^[1-9]$/.test(group.digits);
      return completes ? { digits: reading.digits.slice(0, -1) + group.digits, next: group.next } : reading;
    }
    if (/^\d{3,}$/.test(words[reading.next] ?? '')) break;
    reading = { digits: reading.digits + group.digits, next: group.next };
  }
  return reading;
}

/** One group: "seven", "forty two", "double four", "fifteen hundred", "one thousand and forty two", or written digits. */
function readGroup(words: readonly string[], start: number): Reading | undefined {
  const repeat = REPEATS.get(words[start] ?? '');
  if (repeat !== undefined) {
    const digit = valueOfWord(words[start + 1]);
    return digit !== undefined && digit < 10 ? { digits: String(digit).repeat(repeat), next: start + 2 } : undefined;
  }
  const written = words[start] ?? '';
  if (/^\d{3,}$/.test(written)) {
    const rest = written.endsWith('000') ? readRest(words, start + 1) : undefined;
    return rest
      ? { digits: String(Number(written) + rest.value), next: rest.next }
      : { digits: written, next: start + 1 };
  }
  const head = readBelowHundred(words, start);
  if (!head) return undefined;
  const scale = words[head.next];
  const factor = scale === 'hundred' ? 100 : scale === 'thousand' ? 1000 : undefined;
  if (factor === undefined) return { digits: head.digits, next: head.next };
  const rest = readRest(words, head.next + 1);
  const value = head.value * factor + (rest && rest.value < factor ? rest.value : 0);
  return { digits: String(value), next: rest?.next ?? head.next + 1 };
}

/** What follows a "thousand" or "hundred": "forty two", "and forty two", "two hundred and five". */
function readRest(words: readonly string[], start: number): { value: number; next: number } | undefined {
  const at = words[start] === 'and' ? start + 1 : start;
  const head = readBelowHundred(words, at);
  if (!head || words[head.next] !== 'hundred') return head;
  const tail = readRest(words, head.next + 1);
  return { value: head.value * 100 + (tail?.value ?? 0), next: tail?.next ?? head.next + 1 };
}

function readBelowHundred(words: readonly string[], at: number): (Reading & { readonly value: number }) | undefined {
  const word = words[at] ?? '';
  if (word === 'a' && /^(hundred|thousand)$/.test(words[at + 1] ?? '')) return { digits: '1', value: 1, next: at + 1 };
  const value = valueOfWord(word);
  if (value === undefined || value >= 100) return undefined;
  const unit = valueOfWord(words[at + 1]) ?? 0;
  const takesUnit = value >= 20 && value % 10 === 0 && unit >= 1 && unit <= 9;
  if (takesUnit) return { digits: String(value + unit), value: value + unit, next: at + 2 };
  // Written digits keep their zeros: "10 05".
  return { digits: /^\d/.test(word) ? word : String(value), value, next: at + 1 };
}

function valueOfWord(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  return /^\d+$/.test(word) ? Number(word) : VALUES.get(word);
}
