import { z } from 'zod';
import { kinds, setting } from './setting.ts';

const MOST_CALLS = 1_000_000;

/** What calls that are placed may come to, over all hosts together. */
export const outboundSettings = {
  OUTBOUND_COUNTRIES: setting(
    z
      .string()
      .transform((text) => text.split(',').map((code) => code.trim().toUpperCase()))
      .pipe(z.array(z.string().regex(/^[A-Z]{2}$/)).min(1))
      .optional(),
    {
      about:
        'The countries that may be called. None set: all of them. Wherever it is, only numbers of a fixed line, a mobile or VoIP are called: no premium, shared-cost, satellite or short number.',
      allowed: 'ISO 3166 codes, separated by commas, such as DE,AT,CH',
    },
  ),
  OUTBOUND_CALLS_PER_MINUTE: setting(kinds.count(1, MOST_CALLS).default(60), {
    about: 'How many calls may be placed in a minute, over all hosts.',
    allowed: `1 to ${MOST_CALLS}`,
  }),
  OUTBOUND_CALLS_PER_DAY: setting(kinds.count(0, MOST_CALLS).default(1_000), {
    about:
      'How many calls may be placed in a day (UTC), over all hosts. Telephones that the API has rung into a call count, too. 0: none, which stops them.',
    allowed: `0 to ${MOST_CALLS}`,
  }),
  OUTBOUND_CALLS_PER_NUMBER_PER_DAY: setting(kinds.count(1, MOST_CALLS).default(20), {
    about: 'How often one number may be called in a day (UTC).',
    allowed: `1 to ${MOST_CALLS}`,
  }),
  OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: setting(kinds.count(1, MOST_CALLS).default(30), {
    about:
      'How many calls one client may place in a minute. A client is an application and who is signed in to it, or with API_AUTH=key one key of the function app.',
    allowed: `1 to ${MOST_CALLS}`,
  }),
  OUTBOUND_PRICES: setting(kinds.text.optional(), {
    about:
      'What a minute of a call costs: a JSON object of prices by the digits that a number begins with, its calling code first, such as {"49": 0.012, "4915": 0.09, "1": 0.013}. The longest that fits counts; a number that none fits is not called.',
    allowed: 'the path of a file, where OUTBOUND_BUDGET_PER_DAY is set',
  }),
  OUTBOUND_BUDGET_PER_DAY: setting(z.coerce.number().positive().max(1_000_000).optional(), {
    about: 'What the calls of a day (UTC) may cost, in the currency of OUTBOUND_PRICES.',
    allowed: 'an amount above 0, where OUTBOUND_PRICES is set',
  }),
};

export type OutboundSettings = Readonly<z.output<z.ZodObject<typeof outboundSettings>>>;

export const budgetHasPrices = (settings: Partial<OutboundSettings>): boolean =>
  settings.OUTBOUND_BUDGET_PER_DAY === undefined || settings.OUTBOUND_PRICES !== undefined;

export const pricesHaveBudget = (settings: Partial<OutboundSettings>): boolean =>
  settings.OUTBOUND_PRICES === undefined || settings.OUTBOUND_BUDGET_PER_DAY !== undefined;
