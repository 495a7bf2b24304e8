/** A queue between two tasks of one turn: one puts in, one iterates. Bounded by what a single answer can hold. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  #state:
    | { readonly name: 'open' }
    | { readonly name: 'ended' }
    | { readonly name: 'failed'; readonly error: unknown } = {
    name: 'open',
  };
  #wake: () => void = () => {};

  put(item: Item): void {
    if (this.#state.name !== 'open') return;
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    if (this.#state.name === 'open') this.#state = { name: 'ended' };
    this.#wake();
  }

  /** The iteration throws `error` once it has delivered what was put in before. */
  fail(error: unknown): void {
    if (this.#state.name === 'open') this.#state = { name: 'failed', error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    while (true) {
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      if (this.#state.name === 'failed') throw this.#state.error;
      if (this.#state.name === 'ended') return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
