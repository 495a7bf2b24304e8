import shop from '../data/shop.json' with { type: 'json' };
import { dayAt, timeAt, WEEKDAYS, type Weekday, weekdayOf } from './calendar.ts';

export interface OpeningTimes {
  readonly today: Weekday;
  readonly openNow: boolean;
  /** Runs of days with the same hours, as `{ from: 'Monday', to: 'Friday', opens: '08:00', closes: '20:00' }`. */
  readonly hours: readonly {
    readonly from: string;
    readonly to: string;
    readonly opens: string;
    readonly closes: string;
  }[];
  readonly closedOn: readonly string[];
  readonly timeZone: string;
}

/** When the shop's staff can be reached. */
export class OpeningHours {
  readonly #now: () => Date;

  constructor(options: { readonly now: () => Date }) {
    this.#now = options.now;
  }

  times(): OpeningTimes {
    const now = this.#now();
    const today = weekdayOf(dayAt(now, shop.timeZone));
    const time = timeAt(now, shop.timeZone);
    const openNow = shop.hours.some((run) => covers(run, today) && run.opens <= time && time < run.closes);
    return { today, openNow, hours: shop.hours, closedOn: shop.closedOn, timeZone: shop.timeZone };
  }
}

function covers(run: { readonly from: string; readonly to: string }, day: Weekday): boolean {
  const position = (name: string) => (WEEKDAYS as readonly string[]).indexOf(name);
  return position(run.from) <= position(day) && position(day) <= position(run.to);
}
