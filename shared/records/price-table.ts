import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError, messageOf } from '../errors.ts';
import { type PaidService, SERVICES, UNITS, type Unit } from './usage.ts';
import type { UsageTotal } from './usage-totals.ts';

const price = z.strictObject({
  service: z.enum(SERVICES),
  /** Without it, of every model for which no other line stands. */
  model: z.string().min(1).optional(),
  unit: z.enum(UNITS),
  price: z.number().min(0),
  /** For so many of the unit. */
  per: z.number().positive().default(1),
  /** Of the day on which it was looked up. */
  date: z.iso.date(),
  /** Where it stands. */
  source: z.string().min(1),
});

const table = z.strictObject({
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a code of ISO 4217, such as USD'),
  prices: z.array(price).min(1),
});

export type Price = Readonly<z.output<typeof price>>;

/** What one unit of one service came to. */
export interface CostItem {
  readonly service: PaidService;
  readonly model?: string | undefined;
  readonly unit: Unit;
  readonly quantity: number;
  readonly amount: number;
  /** The price, with its day and where it stands. */
  readonly price: number;
  readonly per: number;
  readonly date: string;
  readonly source: string;
}

/** What a call came to, as far as the table and the services tell. */
export interface Cost {
  readonly currency: string;
  /** `null` where something that was used has no price, or nobody told how much of it was used. */
  readonly total: number | null;
  /** What is certain. */
  readonly at_least: number;
  readonly items: readonly CostItem[];
  /** What is not known, as `service/model: unit`. */
  readonly unknown: readonly string[];
}

/** Amounts have so many decimals: prices of a token have six. */
const round = (amount: number): number => Math.round(amount * 1e8) / 1e8;

/** The prices that whoever runs Parley has looked up. What is not in it is unknown, and never free. */
export class PriceTable {
  readonly #currency: string;
  readonly #prices: readonly Price[];

  /** @throws {z.ZodError} */
  constructor(given: unknown) {
    const { currency, prices } = table.parse(given);
    const keys = prices.map(({ service, model, unit }) => `${service}/${model ?? ''}: ${unit}`);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    if (twice !== undefined) throw new ConfigError(`it has two prices of ${twice}`);
    this.#currency = currency;
    this.#prices = prices;
  }

  /**
   * @param path of the file, YAML or JSON: CALL_PRICES
   * @throws {ConfigError} it cannot be read, or is not as it should be
   */
  static read(path: string): PriceTable {
    try {
      return new PriceTable(parse(readFileSync(path, 'utf8')));
    } catch (error) {
      const what = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
      throw new ConfigError(`CALL_PRICES: ${path} is no table of prices as docs/records.md shows one: ${what}`);
    }
  }

  cost(totals: readonly UsageTotal[]): Cost {
    const items: CostItem[] = [];
    const unknown: string[] = [];
    for (const { service, model, used, unknown: untold = {} } of totals) {
      for (const unit of UNITS) {
        const quantity = used[unit] ?? 0;
        const name = `${service}${model === undefined ? '' : `/${model}`}: ${unit}`;
        if (untold[unit]) unknown.push(`${name} of ${untold[unit]} uses was not told`);
        if (quantity === 0) continue;
        const found = this.#priceOf(service, model, unit);
        if (found === undefined) {
          // How often something was asked is a count, and a price only where somebody asks one.
          if (unit !== 'requests') unknown.push(`${name} has no price`);
          continue;
        }
        const { price, per, date, source } = found;
        const amount = round((quantity * price) / per);
        items.push({
          service,
          ...(model !== undefined && { model }),
          ...{ unit, quantity, amount, price, per, date, source },
        });
      }
    }
    const sum = round(items.reduce((total, { amount }) => total + amount, 0));
    return { currency: this.#currency, total: unknown.length > 0 ? null : sum, at_least: sum, items, unknown };
  }

  #priceOf(service: PaidService, model: string | undefined, unit: Unit): Price | undefined {
    const fitting = this.#prices.filter((each) => each.service === service && each.unit === unit);
    return fitting.find((each) => each.model === model) ?? fitting.find((each) => each.model === undefined);
  }
}
