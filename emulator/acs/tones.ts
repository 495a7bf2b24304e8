const NAMES = 'zero one two three four five six seven eight nine a b c d pound asterisk'.split(' ');
const KEYS = '0123456789ABCD#*';

/** A key of a phone by the name that ACS gives it. */
export const toneOf = (key: string): string => NAMES[KEYS.indexOf(key)] ?? key;
/** The key of a name; nothing where there is no such name. */
export const keyOf = (tone: string): string | undefined => KEYS[NAMES.indexOf(tone)];
