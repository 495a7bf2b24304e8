const PATIENCE_MS = 30_000;

/** What has arrived, in order, and a way to wait for what has not. */
export class Inbox<Entry> {
  readonly entries: Entry[] = [];
  readonly #waiters = new Set<() => void>();

  put(entry: Entry): void {
    this.entries.push(entry);
    for (const waiter of this.#waiters) waiter();
  }

  /** The first entry that fits, whether it is there already or still to come. Fails when nobody would wait longer. */
  async first(what: string, fits: (entry: Entry) => boolean = () => true, patienceMs = PATIENCE_MS): Promise<Entry> {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const found = this.entries.find(fits);
      if (found !== undefined) return found;
      if (performance.now() >= deadlineMs) throw new Error(`Waited in vain for ${what}.`);
      await this.#change(deadlineMs - performance.now());
    }
  }

  #change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.#waiters.add(done);
    });
  }
}
