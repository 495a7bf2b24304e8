import { OrderBook } from './order-book.ts';

/** Conversations whose changes are remembered; the one that was idle longest is forgotten for a new one. */
const MOST_BOOKS = 1000;

/**
 * Orders of its own for each conversation. In the demo everybody changes the delivery of order 1042, and the next one
 * who tries it shall find it as it was.
 */
export class OrderBooks {
  readonly #now: () => Date;
  readonly #books = new Map<string, OrderBook>();

  constructor(options: { readonly now: () => Date }) {
    this.#now = options.now;
  }

  of(sessionId: string): OrderBook {
    const book = this.#books.get(sessionId) ?? new OrderBook({ now: this.#now });
    this.#books.delete(sessionId);
    this.#books.set(sessionId, book);
    const [idle] = this.#books.keys();
    if (this.#books.size > MOST_BOOKS && idle !== undefined) this.#books.delete(idle);
    return book;
  }
}
