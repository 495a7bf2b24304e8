import { OpeningHours } from './shop/opening-hours.ts';
import { OrderBook } from './shop/order-book.ts';

/** What tools work with. Add here what a new tool needs: a client of your own system, say. */
export interface Services {
  readonly orders: OrderBook;
  readonly openingHours: OpeningHours;
}

/** Made once for each process, so that every call sees the same orders. */
export function createServices(now: () => Date = () => new Date()): Services {
  return { orders: new OrderBook({ now }), openingHours: new OpeningHours({ now }) };
}
