/** Event name -> tuple of the listener's arguments. */
export type EventMap = Record<string, unknown[]>;

/**
 * An emitter whose events are typed and whose listeners cannot hurt the one who emits: what a listener throws goes to
 * `onListenerError`, and the other listeners still run. (The idea is mediasoup's `safeEmit`; unlike Node's emitter, an
 * event called `error` is an event like any other.)
 */
export class TypedEvents<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, Set<(...args: never[]) => void>>();
  readonly #onListenerError: (event: string, error: unknown) => void;

  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Adds a listener; the returned function takes it off again. */
  on<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (...args: Events[Name]) => void)(...args);
      } catch (error) {
        this.#onListenerError(name, error);
      }
    }
  }

  removeAll(): void {
    this.#listeners.clear();
  }
}
