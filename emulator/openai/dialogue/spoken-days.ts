import { speakBelowHundred } from './number-words.ts';

const DAYS: readonly [RegExp, string][] = [
  [/\bmondays?\b/, 'Monday'],
  [/\b(tuesdays?|chewsday)\b/, 'Tuesday'],
  [/\b(wednesdays?|wensday|wendsday)\b/, 'Wednesday'],
  [/\b(thursdays?|thirsday)\b/, 'Thursday'],
  [/\b(fridays?|fry ?day)\b/, 'Friday'],
  [/\b(saturdays?|satur day)\b/, 'Saturday'],
  [/\b(sundays?|sun day)\b/, 'Sunday'],
  [/\b(tomorrow|to morrow)\b/, 'tomorrow'],
  [/\b(today|to day)\b/, 'today'],
];

/** The day that a text asks for, of several the last one; days that are only turned down do not count. */
export function findDay(text: string): string | undefined {
  const wished = text.replaceAll(/\b(instead of|not|rather than|from)( on)? (next )?\w+/g, ' ');
  let found: { day: string; at: number } | undefined;
  for (const [pattern, day] of DAYS) {
    const at = wished.search(pattern);
    if (at > (found?.at ?? -1)) found = { day, at };
  }
  return found?.day;
}

/** The ordinals that are not their number with "th". */
const ORDINALS: Readonly<Record<number, string>> = {
  1: 'first',
  2: 'second',
  3: 'third',
  5: 'fifth',
  8: 'eighth',
  9: 'ninth',
  12: 'twelfth',
  20: 'twentieth',
  30: 'thirtieth',
};

/** `2025-11-25` with its weekday -> `Tuesday the twenty-fifth`. */
export function speakDay(weekday: string, isoDay: string): string {
  return `${weekday} the ${ordinal(Number(isoDay.slice(8, 10)))}`;
}

/** `08:00` -> `eight in the morning`. */
export function speakTime(time: string): string {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const part = hours < 12 ? 'in the morning' : hours < 18 ? 'in the afternoon' : 'in the evening';
  const hour = speakBelowHundred(hours % 12 === 0 ? 12 : hours % 12);
  return `${hour}${minutes === 0 ? '' : ` ${speakBelowHundred(minutes)}`} ${part}`;
}

function ordinal(value: number): string {
  const known = ORDINALS[value];
  if (known !== undefined) return known;
  if (value < 20) return `${speakBelowHundred(value)}th`;
  return `${speakBelowHundred(value - (value % 10))}-${ordinal(value % 10)}`;
}
