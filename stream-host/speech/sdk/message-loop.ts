const AGAIN = Symbol('again');
const again = Promise.resolve(AGAIN) as Promise<unknown> as Promise<void>;

/**
 * Makes a loop of the SDK's `receiveMessage`, which ends with `return this.receiveMessage()`: a chain of promises that
 * would be as long as the messages of the session are many, and be kept until its end. Overriding it with
 * `return this.#loop.run(() => super.receiveMessage())` answers that last call at once, and makes the next one here.
 */
export class MessageLoop {
  #running = false;

  /** @param receive receives one message, and resolves with what a nested `run` has returned, or anything else to end */
  run(receive: () => Promise<unknown>): Promise<void> {
    return this.#running ? again : this.#repeat(receive);
  }

  async #repeat(receive: () => Promise<unknown>): Promise<void> {
    this.#running = true;
    try {
      while ((await receive()) === AGAIN);
    } finally {
      this.#running = false;
    }
  }
}
