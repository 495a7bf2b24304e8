import { setTimeout as sleep } from 'node:timers/promises';

/** So many messages in all, at such a pace; several workers share it. */
export class Budget {
  readonly #perSecond: number;
  readonly #onProgress: ((done: number) => void) | undefined;
  readonly #beganMs = performance.now();
  #left: number;
  #done = 0;

  constructor(messages: number, perSecond: number, onProgress?: (done: number) => void) {
    this.#left = messages;
    this.#perSecond = perSecond;
    this.#onProgress = onProgress;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  get done(): number {
    return this.#done;
  }

  /** Counts messages that were sent, and waits until the next may be. */
  async spend(messages: number): Promise<void> {
    this.#left -= messages;
    if (Math.floor(this.#done / 50_000) < Math.floor((this.#done + messages) / 50_000)) this.#onProgress?.(this.#done);
    this.#done += messages;
    await sleep(Math.max(0, this.#beganMs + (this.#done / this.#perSecond) * 1000 - performance.now()));
  }
}

/** How often each thing happened. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
