import { OpeningHours } from './shop/opening-hours.ts';
import { OrderBooks } from './shop/order-books.ts';

/** What tools work with. Add here what a new tool needs: a client of your own system, say. */
export interface Services {
  readonly orders: OrderBooks;
  readonly openingHours: OpeningHours;
}

/** Made once for each process. */
export function createServices(now: () => Date = () => new Date()): Services {
  return { orders: new OrderBooks({ now }), openingHours: new OpeningHours({ now }) };
}
