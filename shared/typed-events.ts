/** Event name -> tuple of the listener's arguments. */
export type EventMap = Record<string, unknown[]>;

/**
 * An emitter whose events are typed and whose listeners cannot hurt the one who emits: what a listener throws goes to
 * `onListenerError`, and the other listeners still run. (The idea is mediasoup's `safeEmit`; unlike Node's emitter, an
 * event called `error` is an event like any other.)
 */
export class TypedEvents<Events extends EventMap> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...args: Events[Name]) => void> } = {};
  readonly #onListenerError: (event: string, error: unknown) => void;

  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Adds a listener; the returned function takes it off again. */
  on<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    const listeners = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(...args);
      } catch (error) {
        this.#onListenerError(name, error);
      }
    }
  }

  removeAll(): void {
    for (const name of Object.keys(this.#listeners)) delete this.#listeners[name];
  }
}
