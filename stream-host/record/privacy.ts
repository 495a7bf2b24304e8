import type { Fields } from './event-line.ts';

/** What of a call may be kept: RECORD_WORDS, RECORD_AUDIO, RECORD_NUMBERS. */
export interface RecordPrivacy {
  /** Words of both sides, keys, what tools were given and gave, and whatever a call can be played again from. */
  readonly words: boolean;
  readonly audio: boolean;
  /** Telephone numbers as they are, and not masked. */
  readonly numbers: boolean;
}

/** Fields that quote what was said, typed, looked up or told of a call. */
const WORDS: ReadonlySet<string> = new Set([
  'text',
  'full_text',
  'heard_text',
  'words',
  'args',
  'result',
  'tone',
  'error',
  'context',
  'message',
  'data',
  'reason',
]);

/** The fields without words: of a text it is told how long it was. */
export function withoutWords(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (!WORDS.has(name)) return [name, value];
      return [name, typeof value === 'string' ? { characters: value.length } : null];
    }),
  );
}

/** E.164, as it stands alone, in a raw id (`4:+15551230000`), or in whatever a tool answered. */
const NUMBER = /\+\d{7,15}(?!\d)/g;
/** With or without its country, a number ends in these. */
const SAME_DIGITS = 7;
const LEFT_DIGITS = 2;

/**
 * What hides telephone numbers in a text: all in E.164, and the call's own however they begin there. Of each the last two
 * digits stay, by which people find a call.
 * @param own the numbers of both ends, as the session has them
 */
export function numberMask(own: readonly (string | undefined)[]): (text: string) => string {
  const ends = own.flatMap((number) => new RegExp(`\\d{${SAME_DIGITS}}$`).exec(number ?? '')?.[0] ?? []);
  const known = ends.length > 0 ? new RegExp(`\\d*(?:${ends.join('|')})(?!\\d)`, 'g') : undefined;
  return (text) => {
    const masked = text.includes('+') ? text.replace(NUMBER, maskNumber) : text;
    return known === undefined ? masked : masked.replace(known, maskNumber);
  };
}

export const maskNumber = (number: string): string =>
  number.slice(0, -LEFT_DIGITS).replace(/\d/g, '*') + number.slice(-LEFT_DIGITS);
