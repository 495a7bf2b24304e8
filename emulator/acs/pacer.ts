import type { Cancel, Clock } from '../../shared/clock.ts';

/** After a longer stall (a suspended laptop) the beats that were missed are left out, not made up for. */
const MAX_CATCH_UP_BEATS = 10;

/**
 * The beat that all calls share: every task runs once a period, on an absolute schedule, so that an hour of audio is an
 * hour and a late timer costs jitter but never drift. The timer rests while there is no task.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #onTaskError: (error: unknown) => void;
  readonly #tasks = new Set<() => void>();
  #nextAtMs = 0;
  #cancelTimer: Cancel | undefined;
  #skippedBeats = 0;

  constructor(clock: Clock, periodMs: number, onTaskError: (error: unknown) => void) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#onTaskError = onTaskError;
  }

  /** Beats that were left out because the process stood still for too long. */
  get skippedBeats(): number {
    return this.#skippedBeats;
  }

  /** Runs `task` every period, the first time one period from now at the latest. */
  add(task: () => void): Cancel {
    this.#tasks.add(task);
    if (!this.#cancelTimer) {
      this.#nextAtMs = this.#clock.now() + this.#periodMs;
      this.#arm();
    }
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size > 0) return;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    };
  }

  #arm(): void {
    const delayMs = Math.max(0, Math.ceil(this.#nextAtMs - this.#clock.now()));
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    const missed = Math.floor((this.#clock.now() - this.#nextAtMs) / this.#periodMs) - MAX_CATCH_UP_BEATS;
    if (missed > 0) {
      this.#skippedBeats += missed;
      this.#nextAtMs += missed * this.#periodMs;
    }
    while (this.#nextAtMs <= this.#clock.now() && this.#tasks.size > 0) {
      this.#nextAtMs += this.#periodMs;
      this.#beat();
    }
    if (this.#tasks.size > 0) this.#arm();
  }

  #beat(): void {
    for (const task of this.#tasks) {
      try {
        task();
      } catch (error) {
        this.#onTaskError(error);
      }
    }
  }
}
