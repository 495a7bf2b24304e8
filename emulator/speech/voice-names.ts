import { FLITE_VOICES, type FliteVoice } from './flite.ts';

/** Given names in Azure's neural voices that are men's. */
const MALE_NAMES =
  /^(?:Adam|Alloy|Andrew|Brandon|Brian|Christopher|Davis|Derek|Dustin|Echo|Eric|Fable|Guy|Jacob|Jason|Kai|Lewis|Onyx|Roger|Ryan|Samuel|Steffan|Tony|William)/;

/**
 * The voice that speaks where Azure's `name` is asked for: always the same one. `en-US-AvaMultilingualNeural` is a
 * woman's, `en-US-AndrewNeural` a man's, and British voices are Scottish here. Flite's own names mean themselves.
 */
export function fliteVoiceFor(name: string): FliteVoice {
  const own = FLITE_VOICES.find((voice) => voice === name);
  if (own !== undefined) return own;
  const [, locale = '', givenName = ''] = /^([a-z]{2,3}-[A-Z]{2})-(.*)$/.exec(name) ?? [];
  if (locale === 'en-GB') return 'awb';
  return MALE_NAMES.test(givenName) ? 'rms' : 'slt';
}
