import { is } from './entry.ts';

/** Why a call is not placed: 403 for what is never allowed here, 429 for what is too much now. */
export const OUTBOUND_ERRORS = {
  'outbound.budget': is(
    429,
    'The calls of this day may cost no more.',
    'Wait until the next day (UTC), or raise OUTBOUND_BUDGET_PER_DAY or lower MAX_CALL_MS: a call counts with that until it is over.',
  ),
  'outbound.client-per-minute': is(
    429,
    'One client places more calls in a minute than it may.',
    'Wait for Retry-After, or raise OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE.',
  ),
  'outbound.country': is(
    403,
    'Numbers of this country are not called.',
    'Call another number, or add the country to OUTBOUND_COUNTRIES.',
  ),
  'outbound.number-per-day': is(
    429,
    'This number was called as often as it may be in a day.',
    'Wait until the next day (UTC), or raise OUTBOUND_CALLS_PER_NUMBER_PER_DAY.',
  ),
  'outbound.number-type': is(
    403,
    'Numbers of this kind are not called: only fixed lines, mobiles and VoIP of a country are, and toll-free ones into a call that stands.',
    'Call another number; premium, shared-cost, satellite and short numbers are never called.',
  ),
  'outbound.number-unassigned': is(
    403,
    'The number is none that a country has given out.',
    'Check the number; where the emulator is the carrier, +1555 with four to seven digits is good, too.',
  ),
  'outbound.per-day': is(
    429,
    'No more calls may be placed on this day.',
    'Wait until the next day (UTC), or raise OUTBOUND_CALLS_PER_DAY; at 0 somebody has stopped them for all days.',
  ),
  'outbound.per-minute': is(
    429,
    'More calls are placed in a minute than may be.',
    'Wait for Retry-After, or raise OUTBOUND_CALLS_PER_MINUTE.',
  ),
  'outbound.price-unknown': is(
    403,
    'It is not known what a call of this number costs.',
    'Add the digits that it begins with to the file of OUTBOUND_PRICES.',
  ),
};

/** What any route may answer that has a telephone rung. The limit for one number is of calls that are placed alone. */
export const GATE_ERRORS = [
  'outbound.number-unassigned',
  'outbound.number-type',
  'outbound.country',
  'outbound.price-unknown',
  'outbound.client-per-minute',
  'outbound.per-minute',
  'outbound.per-day',
  'outbound.budget',
] as const satisfies readonly (keyof typeof OUTBOUND_ERRORS)[];
