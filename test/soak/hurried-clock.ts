import type { Cancel } from '../../shared/clock.ts';
import type { SteppedClock } from './call-clock.ts';

/**
 * The clock of the machine, and so with all its jitter, but faster: whoever lets it go on waits for real. Several things
 * may come in one turn of the event loop, and timers come late by what the machine has to do, as many times as it is faster.
 */
export class HurriedClock implements SteppedClock {
  readonly #times: number;
  readonly #startMs = performance.now();
  #pending = 0;

  constructor(times: number) {
    this.#times = times;
  }

  now(): number {
    return (performance.now() - this.#startMs) * this.#times;
  }

  wallMs(): number {
    return Date.now();
  }

  get pending(): number {
    return this.#pending;
  }

  after(delayMs: number, task: () => void): Cancel {
    let isSet = true;
    this.#pending += 1;
    const done = () => {
      if (!isSet) return false;
      isSet = false;
      this.#pending -= 1;
      return true;
    };
    const timer = setTimeout(() => done() && task(), Math.max(0, delayMs) / this.#times);
    return () => {
      if (done()) clearTimeout(timer);
    };
  }

  advance(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms / this.#times));
  }
}
