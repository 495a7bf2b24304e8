import type { Cancel, Clock } from '../../shared/clock.ts';
import { modelOverran } from './model-errors.ts';

/** The turn was given up by the engine. Never leaves this folder. */
export class TurnAborted extends Error {}

interface Wait {
  readonly untilMs: number;
  fail(error: Error): void;
  readonly tooLate: () => Error;
}

/**
 * Every wait of one turn, one after the other: each has a limit, all together have one, and each ends at once when the
 * turn is aborted. Only time spent waiting counts, so that a long answer may be listened to for as long as it takes.
 */
export class TurnWaits {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #totalMs: number;
  #spentMs = 0;
  #wait: Wait | undefined;
  /** One timer serves many waits: it is left running when a wait ends, and set anew only if it fires too early. */
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(clock: Clock, signal: AbortSignal, totalMs: number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#totalMs = totalMs;
    signal.addEventListener('abort', this.#onAbort);
  }

  /** @throws {TurnAborted} when the turn is over */
  throwIfAborted(): void {
    if (this.#signal.aborted) throw new TurnAborted();
  }

  /**
   * Waits for `work`, at most `limitMs`. It is not stopped when the wait ends early; its late failure is swallowed.
   * @throws {TurnAborted} when the turn is over
   * @throws what `tooLate` makes when `limitMs` has passed, a `model.overran` when the turn's whole time has
   */
  for<Value>(work: Promise<Value>, limitMs: number, tooLate: (limitMs: number) => Error): Promise<Value> {
    return new Promise((resolve, reject) => {
      const startedMs = this.#clock.now();
      const leftMs = Math.max(0, this.#totalMs - this.#spentMs);
      const ended = () => {
        if (this.#wait !== wait) return;
        this.#wait = undefined;
        this.#spentMs += this.#clock.now() - startedMs;
      };
      const wait: Wait = {
        untilMs: startedMs + Math.min(limitMs, leftMs),
        fail(error) {
          ended();
          reject(error);
        },
        tooLate: () => (limitMs <= leftMs ? tooLate(limitMs) : modelOverran(this.#totalMs)),
      };
      this.#wait = wait;
      work.then(
        (value) => {
          ended();
          resolve(value);
        },
        (error) => wait.fail(error),
      );
      if (this.#signal.aborted) wait.fail(new TurnAborted());
      else this.#setTimer(wait.untilMs);
    });
  }

  /** The turn is over. Idempotent. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #onAbort = (): void => this.#wait?.fail(new TurnAborted());

  #setTimer(atMs: number): void {
    if (this.#timer && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(atMs - this.#clock.now(), () => {
      this.#timer = undefined;
      const wait = this.#wait;
      if (!wait) return;
      if (this.#clock.now() < wait.untilMs) this.#setTimer(wait.untilMs);
      else wait.fail(wait.tooLate());
    });
    this.#timer = { atMs, cancel };
  }
}
