import { z } from 'zod';
import orders from '../data/orders.json' with { type: 'json' };
import shop from '../data/shop.json' with { type: 'json' };
import { addDays, type Day, dayAt, parseDay, type Weekday, weekdayOf } from './calendar.ts';

const entrySchema = z.object({
  number: z.string().regex(/^\d+$/),
  item: z.string(),
  status: z.enum(['processing', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'cancelled']),
  dueInDays: z.number().int(),
  slot: z.string(),
});

type Entry = z.infer<typeof entrySchema> & { chosenDay?: Day };
export type OrderStatus = Entry['status'];

export interface Order {
  readonly number: string;
  readonly item: string;
  readonly status: OrderStatus;
  readonly deliveryDay: Day;
  readonly weekday: Weekday;
  /** The hours of that day in which it comes, in words. */
  readonly slot: string;
}

export type DayRefusal =
  | 'not_found'
  | 'already_delivered'
  | 'cancelled'
  | 'out_for_delivery'
  | 'unclear_day'
  | 'same_day'
  | 'too_soon'
  | 'too_late'
  | 'no_delivery_on_sunday';

export type DayChange =
  | { readonly changed: true; readonly order: Order; readonly previousDay: Day; readonly previousWeekday: Weekday }
  | {
      readonly changed: false;
      readonly reason: DayRefusal;
      readonly order?: Order;
      /** The first and the last day that the order could be moved to. */
      readonly earliest?: { readonly day: Day; readonly weekday: Weekday };
      readonly latest?: { readonly day: Day; readonly weekday: Weekday };
    };

/** How many days from today an order can be delivered at the soonest, by how far it has come. */
const LEAD_DAYS: Partial<Record<OrderStatus, number>> = { processing: 2, packed: 1, shipped: 1 };
const LAST_DAY = 14;

/**
 * The shop's orders, as copies of the bundled data that live as long as the process. Delivery days in the data count
 * from today, so that the demo never grows old; a day that somebody chose stays that day.
 */
export class OrderBook {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => Date;

  constructor(options: { readonly now: () => Date }) {
    this.#now = options.now;
    for (const entry of z.array(entrySchema).parse(orders)) this.#entries.set(entry.number, entry);
  }

  find(number: string): Order | undefined {
    const entry = this.#entries.get(number);
    return entry && this.#describe(entry);
  }

  /** Moves the delivery to `wantedDay` (see `parseDay` for what it may say), or says which rule forbids it. */
  changeDeliveryDay(number: string, wantedDay: string): DayChange {
    const entry = this.#entries.get(number);
    if (!entry) return { changed: false, reason: 'not_found' };
    const order = this.#describe(entry);
    const lead = LEAD_DAYS[order.status];
    if (lead === undefined) return { changed: false, reason: closedReason(order.status), order };

    const today = this.#today();
    const earliest = openDay(addDays(today, lead), 1);
    const latest = openDay(addDays(today, LAST_DAY), -1);
    const refuse = (reason: DayRefusal): DayChange => ({
      changed: false,
      reason,
      order,
      earliest: { day: earliest, weekday: weekdayOf(earliest) },
      latest: { day: latest, weekday: weekdayOf(latest) },
    });

    const day = parseDay(wantedDay, today);
    if (day === undefined) return refuse('unclear_day');
    if (day === order.deliveryDay) return refuse('same_day');
    if (weekdayOf(day) === 'Sunday') return refuse('no_delivery_on_sunday');
    if (day < earliest) return refuse('too_soon');
    if (day > latest) return refuse('too_late');
    entry.chosenDay = day;
    return {
      changed: true,
      order: this.#describe(entry),
      previousDay: order.deliveryDay,
      previousWeekday: order.weekday,
    };
  }

  #today(): Day {
    return dayAt(this.#now(), shop.timeZone);
  }

  #describe(entry: Entry): Order {
    const today = this.#today();
    const deliveryDay = entry.chosenDay ?? openDay(addDays(today, entry.dueInDays), entry.dueInDays < 0 ? -1 : 1);
    const { number, item, slot } = entry;
    const status = entry.status !== 'cancelled' && deliveryDay < today ? 'delivered' : entry.status;
    return { number, item, status, deliveryDay, weekday: weekdayOf(deliveryDay), slot };
  }
}

/** The day itself, or the one after (before) it where that is a Sunday: nothing is delivered then. */
function openDay(day: Day, direction: 1 | -1): Day {
  return weekdayOf(day) === 'Sunday' ? addDays(day, direction) : day;
}

function closedReason(status: OrderStatus): DayRefusal {
  if (status === 'delivered') return 'already_delivered';
  return status === 'cancelled' ? 'cancelled' : 'out_for_delivery';
}
