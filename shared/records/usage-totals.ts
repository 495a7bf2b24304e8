import { type PaidService, UNITS, type Unit, type Usage } from './usage.ts';

/** All uses of one service and model together. */
export interface UsageTotal {
  readonly service: PaidService;
  readonly model?: string | undefined;
  readonly used: { readonly [U in Unit]?: number };
  /** How often nobody told how much it was, by unit. Those uses are not in `used`. */
  readonly unknown?: { readonly [U in Unit]?: number };
}

interface Sums {
  readonly service: PaidService;
  readonly model: string | undefined;
  readonly used: Map<Unit, number>;
  readonly unknown: Map<Unit, number>;
}

/** Seconds have thousandths, and sums of them no more. */
const THOUSANDTHS = 1000;

/** Adds up what was used, by service and model. */
export class UsageTotals {
  readonly #sums = new Map<string, Sums>();

  add({ service, model, used }: Usage): void {
    const key = `${service}\n${model ?? ''}`;
    const sums = this.#sums.get(key) ?? { service, model, used: new Map(), unknown: new Map() };
    this.#sums.set(key, sums);
    for (const unit of UNITS) {
      const amount = used[unit];
      if (amount === undefined) continue;
      if (amount === null) sums.unknown.set(unit, (sums.unknown.get(unit) ?? 0) + 1);
      else sums.used.set(unit, (sums.used.get(unit) ?? 0) + amount);
    }
  }

  /** In the order in which they were first used. */
  get all(): readonly UsageTotal[] {
    return [...this.#sums.values()].map(({ service, model, used, unknown }) => ({
      service,
      ...(model !== undefined && { model }),
      used: inOrder(used),
      ...(unknown.size > 0 && { unknown: inOrder(unknown) }),
    }));
  }
}

const inOrder = (amounts: ReadonlyMap<Unit, number>): { [U in Unit]?: number } =>
  Object.fromEntries(
    UNITS.flatMap((unit) => {
      const amount = amounts.get(unit);
      return amount === undefined ? [] : [[unit, Math.round(amount * THOUSANDTHS) / THOUSANDTHS]];
    }),
  );
