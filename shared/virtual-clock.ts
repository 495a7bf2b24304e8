import type { Cancel, Clock } from './clock.ts';

/** The wall time at which every virtual clock starts: 14 November 2023, 22:13:20 UTC. */
export const VIRTUAL_EPOCH_MS = 1_700_000_000_000;

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** A clock that stands still until told to go on: exact, repeatable timing in tests, at any speed. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return VIRTUAL_EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), task };
    this.#timers.push(timer);
    return () => this.#forget(timer);
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
      this.#forget(timer);
      timer.task();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Of those that are due at one moment: the one that was set first. */
  #nextUntil(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }

  #forget(timer: Timer): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }
}

/** Lets everything that is ready run: promises, and promises that those start. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
