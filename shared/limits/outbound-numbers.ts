import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { E164 } from '../carrier/party-id.ts';
import { ParleyError } from '../errors.ts';

/** What is called. All else costs more than a call, or reaches nobody: premium, shared-cost, personal, toll-free, pagers. */
const CALLED_TYPES: ReadonlySet<string> = new Set(['FIXED_LINE', 'MOBILE', 'FIXED_LINE_OR_MOBILE', 'VOIP']);

/** Of an area that North America has given to nobody, as films and examples use it. */
const FICTITIOUS = /^\+1555\d{4,7}$/;

export interface NumberRules {
  /** ISO 3166 codes in capitals; undefined for every country. */
  readonly countries: ReadonlySet<string> | undefined;
  /** Whether the carrier is one that knows {@link FICTITIOUS} numbers: the emulator. */
  readonly fictitious: boolean;
  /** Whether numbers that cost their caller nothing are called, too: by somebody who wants to talk there. */
  readonly tollFree?: boolean | undefined;
}

/**
 * Says whether a number may be called at all, by the numbering plans of all countries. Only what is known to be a fixed
 * line, a mobile or VoIP of a country is: a type that the plans do not tell is refused like one that is dear, and so are
 * satellites and international networks, which are of no country.
 *
 * @param number E.164; what is not is refused like a number that nobody has
 * @throws {ParleyError} status 403: `outbound.number-unassigned`, `outbound.number-type`, `outbound.country`. The message
 * has nothing of the number.
 */
export function requireCallable(number: string, { countries, fictitious, tollFree }: NumberRules): void {
  if (fictitious && FICTITIOUS.test(number)) return;
  // The library finds a number in the midst of a text, too.
  const found = E164.test(number) ? parsePhoneNumberFromString(number) : undefined;
  if (!found?.isValid()) {
    throw new ParleyError('outbound.number-unassigned', 'The number is none that a country has given out.');
  }
  const type = found.getType() ?? '';
  if (found.country === undefined || !(CALLED_TYPES.has(type) || (tollFree && type === 'TOLL_FREE'))) {
    const called = tollFree ? 'fixed lines, mobiles, VoIP and toll-free numbers' : 'fixed lines, mobiles and VoIP';
    const where = tollFree ? 'rung for a call that stands' : 'called';
    throw new ParleyError(
      'outbound.number-type',
      `Only ${called} of a country are ${where}, and the number is none of these.`,
    );
  }
  if (countries?.has(found.country) === false) {
    throw new ParleyError('outbound.country', 'The country of the number is not one of OUTBOUND_COUNTRIES.');
  }
}
