/** A stream that gives what the record says when the record says so. Its reader waits, as in the recorded call. */
export class PlayedStream<Item> implements AsyncIterable<Item> {
  #reader: PromiseWithResolvers<IteratorResult<Item>> | undefined;

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return {
      next: () => {
        this.#reader = Promise.withResolvers();
        return this.#reader.promise;
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  /** To a reader who does not wait for it, it is nothing. */
  give(item: Item): void {
    this.#take()?.resolve({ done: false, value: item });
  }

  end(error?: Error): void {
    const reader = this.#take();
    if (error) reader?.reject(error);
    else reader?.resolve({ done: true, value: undefined });
  }

  #take() {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }
}
