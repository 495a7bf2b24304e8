import type { Cancel, Clock } from './clock.ts';

/** The wall time at which every virtual clock starts: 14 November 2023, 22:13:20 UTC. */
export const VIRTUAL_EPOCH_MS = 1_700_000_000_000;

/** A clock that stands still until told to go on: exact, repeatable timing in tests, at any speed. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly task: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return VIRTUAL_EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass. Timers fire at their own moment, in order; promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#nextUntil(untilMs); timer; timer = this.#nextUntil(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.task();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #nextUntil(untilMs: number) {
    const due = this.#timers.filter((timer) => timer.atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Lets everything that is ready run: promises, and promises that those start. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
