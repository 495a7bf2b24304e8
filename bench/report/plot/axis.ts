/** An axis: where it begins and ends, and its ticks, all round numbers. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** How a tick is written: all of an axis with the same number of decimals. */
  label(tick: number): string;
}

const STEPS = [1, 2, 2.5, 5, 10];

/**
 * The axis that shows `low`..`high` with about `count` ticks. It begins and ends on a tick. Where the values come near
 * to zero (less than half of their spread away) it begins there, so that lengths can be compared.
 */
export function niceAxis(low: number, high: number, count: number): Axis {
  const fromZero = low > 0 && low < (high - low) / 2 ? 0 : low;
  const spread = high - fromZero || Math.abs(high) || 1;
  const step = niceStep(spread / Math.max(1, count));
  const first = Math.floor(fromZero / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
  const decimals = Math.max(...ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
  return {
    low: ticks[0] ?? low,
    high: ticks.at(-1) ?? high,
    ticks,
    label: (tick) => tick.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\..*)/g, '\u202f'),
  };
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (STEPS.find((step) => step * power >= least * (1 - 1e-9)) ?? 10);
}
