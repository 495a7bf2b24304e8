/** A queue between two tasks of one turn: one puts in, one iterates. Bounded by what a single answer can hold. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  #ended = false;
  #wake: () => void = () => {};

  put(item: Item): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    while (true) {
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
