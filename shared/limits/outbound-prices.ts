import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, messageOf } from '../errors.ts';

/** Money is counted in whole millionths of its unit: sums of them are exact. */
const MILLIONTHS = 1_000_000;
const LONGEST_PREFIX = 15;

const priceList = z
  .record(z.string().regex(/^[1-9]\d{0,14}$/), z.number().min(0).max(1_000))
  .refine((prices) => Object.keys(prices).length > 0, 'has no price');

export const millionthsOf = (amount: number): number => Math.round(amount * MILLIONTHS);

/** What a minute of a call costs, by the digits that its number begins with. */
export class OutboundPrices {
  readonly #byPrefix: ReadonlyMap<string, number>;

  /** @param prices a minute, by a calling code or more digits */
  constructor(prices: Readonly<Record<string, number>>) {
    this.#byPrefix = new Map(Object.entries(prices).map(([prefix, price]) => [prefix, millionthsOf(price)]));
  }

  /**
   * @param path of the file, OUTBOUND_PRICES
   * @throws {ConfigError} it cannot be read, or is not as it should be
   */
  static read(path: string): OutboundPrices {
    try {
      return new OutboundPrices(priceList.parse(JSON.parse(readFileSync(path, 'utf8'))));
    } catch (error) {
      const what = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
      throw new ConfigError(`OUTBOUND_PRICES: ${path} is no list of prices such as {"49": 0.012}: ${what}`);
    }
  }

  /** In millionths; undefined where no prefix fits. The longest counts. */
  perMinute(number: string): number | undefined {
    const digits = number.slice(1, 1 + LONGEST_PREFIX);
    for (let length = digits.length; length > 0; length--) {
      const price = this.#byPrefix.get(digits.slice(0, length));
      if (price !== undefined) return price;
    }
    return undefined;
  }
}
