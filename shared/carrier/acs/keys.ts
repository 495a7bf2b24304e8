import { DtmfTone } from '@azure/communication-call-automation';

/** ACS calls keys by words where it tells of them and where it is told. */
const TONES: Readonly<Record<string, DtmfTone>> = {
  '0': DtmfTone.Zero,
  '1': DtmfTone.One,
  '2': DtmfTone.Two,
  '3': DtmfTone.Three,
  '4': DtmfTone.Four,
  '5': DtmfTone.Five,
  '6': DtmfTone.Six,
  '7': DtmfTone.Seven,
  '8': DtmfTone.Eight,
  '9': DtmfTone.Nine,
  A: DtmfTone.A,
  B: DtmfTone.B,
  C: DtmfTone.C,
  D: DtmfTone.D,
  '#': DtmfTone.Pound,
  '*': DtmfTone.Asterisk,
};
const KEYS: ReadonlyMap<string, string> = new Map(Object.entries(TONES).map(([key, tone]) => [tone, key]));

/** @param keys characters of `0-9*#A-D`; others are left out */
export const tonesOf = (keys: string): DtmfTone[] => [...keys].flatMap((key) => TONES[key] ?? []);

/** The key of a tone, by its word or, as media frames spell it, by itself; undefined where it is none. */
export const keyOf = (tone: string): string | undefined => {
  const lower = tone.toLowerCase();
  return KEYS.get(lower) ?? (tone.toUpperCase() in TONES ? tone.toUpperCase() : undefined);
};
