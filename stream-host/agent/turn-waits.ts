import type { Clock } from '../../shared/clock.ts';
import { modelOverran } from './model-errors.ts';

/** The turn was given up by the engine, or the request of it by whoever has sent it: `cause` says why. Never leaves this folder. */
export class TurnAborted extends Error {}

/**
 * Every wait of one turn: each has a limit, all together have one, and each ends at once when the turn is aborted. Only
 * time spent waiting counts, so that a long answer may be listened to for as long as it takes.
 */
export class TurnWaits {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #totalMs: number;
  readonly #spent: SpentTime;

  constructor(clock: Clock, signal: AbortSignal, totalMs: number, spent = new SpentTime(clock)) {
    this.#clock = clock;
    this.#signal = signal;
    this.#totalMs = totalMs;
    this.#spent = spent;
  }

  /** Waits of the same turn that end with another signal as well. What passes while both wait counts once. */
  until(signal: AbortSignal): TurnWaits {
    return new TurnWaits(this.#clock, AbortSignal.any([this.#signal, signal]), this.#totalMs, this.#spent);
  }

  /** @throws {TurnAborted} when the turn is over */
  throwIfAborted(): void {
    if (this.#signal.aborted) throw this.#aborted();
  }

  /**
   * Waits for `work`, at most `limitMs`. It is not stopped when the wait ends early; its late failure is swallowed.
   * @throws {TurnAborted} when the turn is over
   * @throws what `tooLate` makes when `limitMs` has passed, a `model.overran` when the turn's whole time has
   */
  async for<Value>(work: Promise<Value>, limitMs: number, tooLate: (limitMs: number) => Error): Promise<Value> {
    const leftMs = Math.max(0, this.#totalMs - this.#spent.ms);
    this.#spent.begin();
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(this.#aborted());
    const cancel = this.#clock.after(Math.min(limitMs, leftMs), () =>
      reject(limitMs <= leftMs ? tooLate(limitMs) : modelOverran(this.#totalMs)),
    );
    this.#signal.addEventListener('abort', onAbort);
    if (this.#signal.aborted) onAbort();
    try {
      return await Promise.race([ended, work]);
    } finally {
      cancel();
      this.#signal.removeEventListener('abort', onAbort);
      this.#spent.end();
    }
  }

  #aborted(): TurnAborted {
    return new TurnAborted('given up', { cause: this.#signal.reason });
  }
}

/** Time in which somebody waited. */
class SpentTime {
  readonly #clock: Clock;
  #before = 0;
  #waiting = 0;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get ms(): number {
    return this.#before + (this.#waiting > 0 ? this.#clock.now() - this.#sinceMs : 0);
  }

  begin(): void {
    if (this.#waiting === 0) this.#sinceMs = this.#clock.now();
    this.#waiting += 1;
  }

  end(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#before += this.#clock.now() - this.#sinceMs;
  }
}
