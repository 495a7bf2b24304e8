import type { Cancel, Clock } from '../../shared/clock.ts';
import { VIRTUAL_EPOCH_MS } from '../../shared/virtual-clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
  /** It fires when the record says so, or never, and not by itself. */
  readonly isRecorded: boolean;
}

/** When timers of the recorded call fired. */
export interface RecordedTimers {
  /** The delays for which those that fired had been set, by number. */
  readonly fired: ReadonlyMap<number, number>;
  /** Those that were due and did not fire before they were cancelled. */
  readonly overdue: ReadonlySet<number>;
}

/** Delays that differ by so much are not the same. */
const SAME_DELAY_MS = 0.001;

/**
 * The engine's time while a call is played again. It stands still but for what the record says. The n-th timer fires
 * when the n-th did; one that was not set like it is another one, and fires when it is due.
 */
export class PlayedClock implements Clock {
  readonly #recorded: RecordedTimers;
  readonly #timers = new Map<number, Timer>();
  #nowMs = 0;
  #playoutMs: number | undefined;
  #set = 0;

  constructor(recorded: RecordedTimers) {
    this.#recorded = recorded;
  }

  now(): number {
    return this.#nowMs;
  }

  /** What the playout's clock says. */
  playoutNow(): number {
    return this.#playoutMs ?? this.#nowMs;
  }

  wallMs(): number {
    return VIRTUAL_EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    return this.afterFrom(this.#nowMs, delayMs, task);
  }

  afterFrom(fromMs: number, delayMs: number, task: () => void): Cancel {
    this.#set += 1;
    const number = this.#set;
    const delay = Math.max(0, delayMs);
    const { fired, overdue } = this.#recorded;
    const recordedDelay = fired.get(number);
    const fires = recordedDelay !== undefined && Math.abs(recordedDelay - delay) < SAME_DELAY_MS;
    this.#timers.set(number, { dueMs: fromMs + delay, task, isRecorded: fires || overdue.has(number) });
    return () => this.#timers.delete(number);
  }

  /** Time goes on. */
  goTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  /** The recorded timer fires, if there is one like it now. */
  fire(number: number, playoutMs: number | undefined): void {
    const timer = this.#timers.get(number);
    if (!timer?.isRecorded) return;
    this.#timers.delete(number);
    this.#playoutMs = playoutMs;
    try {
      timer.task();
    } finally {
      this.#playoutMs = undefined;
    }
  }

  /** Of the timers of which the record knows nothing: the next one that is due by then. It fires at its own time. */
  fireNextUntil(ms: number): boolean {
    let next: { readonly number: number; readonly timer: Timer } | undefined;
    for (const [number, timer] of this.#timers) {
      if (timer.isRecorded || timer.dueMs > ms) continue;
      if (next === undefined || timer.dueMs < next.timer.dueMs) next = { number, timer };
    }
    if (!next) return false;
    this.#timers.delete(next.number);
    this.goTo(next.timer.dueMs);
    next.timer.task();
    return true;
  }
}
