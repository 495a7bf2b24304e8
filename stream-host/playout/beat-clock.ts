import type { Cancel, Clock } from '../../shared/clock.ts';

export interface BeatClockOptions {
  readonly clock: Clock;
  /** From one beat to the next. */
  readonly beatMs?: number;
  /** A task threw. The others of the same beat run all the same. */
  readonly onTaskError: (error: unknown) => void;
}

const BEAT_MS = 5;
/** A multiple of the beat: tasks further away than this are left to the clock underneath. */
const WHEEL_BEATS = 256;
/** Timers count whole milliseconds and may fire so much before their time. A beat that comes early harms nobody. */
const EARLY_MS = 1;
/** Half of a lateness is forgotten in so long. */
const FORGET_HALF_MS = 30_000;
/** Past its deadline by this, a task finds that it is due, however its sums are rounded. */
const CERTAINTY_MS = 0.01;

interface BeatTask {
  readonly deadlineMs: number;
  /** Gone once it has run or was cancelled. */
  run: (() => void) | undefined;
}

/**
 * One timer for all that must happen again and again in many calls, such as sending the next frame: tasks run on beats
 * at fixed times (every 5 ms on the clock's own scale, so that nothing adds up). A task runs on the last beat before its
 * deadline, so up to one beat early and never late by the beat's doing; whoever repeats at a multiple of the beat is
 * always early by the same time. While a task runs, {@link now} says that its deadline has come. With nothing to do
 * there is no timer.
 *
 * Meant for tasks that lie in the near future. Others are passed on to the clock underneath: those beyond 1.28 s, and
 * those whose beat is over already.
 */
export class BeatClock implements Clock {
  readonly #clock: Clock;
  readonly #beatMs: number;
  readonly #onTaskError: (error: unknown) => void;
  readonly #wheel: BeatTask[][] = Array.from({ length: WHEEL_BEATS }, () => []);
  /** The newest beat whose tasks have run, or are running. */
  #beat: number;
  #pending = 0;
  #cancelTimer: Cancel | undefined;
  #dueMs = 0;
  #lateMs = 0;
  #lateAtMs = 0;
  #latestMs = 0;
  /** The deadline of the task that is running. */
  #servedMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ clock, beatMs = BEAT_MS, onTaskError }: BeatClockOptions) {
    this.#clock = clock;
    this.#beatMs = beatMs;
    this.#onTaskError = onTaskError;
    this.#beat = this.#beatAt(clock.now());
  }

  now(): number {
    return Math.max(this.#clock.now(), this.#servedMs);
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, task: () => void): Cancel {
    if (this.#closed) return () => undefined;
    const nowMs = this.#clock.now();
    const deadlineMs = this.now() + Math.max(0, delayMs);
    const beat = this.#beatAt(deadlineMs);
    // Nothing waits: the wheel may have stood still for long.
    if (this.#cancelTimer === undefined && this.#pending === 0) this.#beat = Math.max(this.#beat, this.#beatAt(nowMs));
    if (beat <= this.#beat || beat >= this.#beat + WHEEL_BEATS) {
      return this.#clock.after(deadlineMs - nowMs, task);
    }
    const entry: BeatTask = { deadlineMs, run: task };
    this.#wheel[beat % WHEEL_BEATS]?.push(entry);
    this.#pending += 1;
    this.#arm(nowMs);
    return () => {
      if (entry.run === undefined) return;
      entry.run = undefined;
      this.#pending -= 1;
    };
  }

  /**
   * How late the next beat may come, for all that is known: as late as the latest one did, of which half is forgotten
   * every 30 s. Beats that nobody waited for tell nothing.
   */
  get latenessMs(): number {
    return this.#lateMs * 0.5 ** ((this.#clock.now() - this.#lateAtMs) / FORGET_HALF_MS);
  }

  /** How late the latest beat was since this was last asked. Only one reader, or each sees a part. */
  takeLatestMs(): number {
    const latestMs = this.#latestMs;
    this.#latestMs = 0;
    return latestMs;
  }

  /** Tasks that wait for a beat. */
  get pending(): number {
    return this.#pending;
  }

  /** Drops all tasks that wait for a beat, and takes no more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#pending = 0;
    for (const tasks of this.#wheel) tasks.length = 0;
  }

  #arm(nowMs: number): void {
    if (this.#closed || this.#cancelTimer !== undefined || this.#pending === 0) return;
    this.#dueMs = Math.max(nowMs, (this.#beat + 1) * this.#beatMs);
    this.#cancelTimer = this.#clock.after(this.#dueMs - nowMs, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    const nowMs = this.#clock.now();
    this.#latestMs = Math.max(this.#latestMs, nowMs - this.#dueMs);
    if (nowMs - this.#dueMs > this.latenessMs) {
      this.#lateMs = nowMs - this.#dueMs;
      this.#lateAtMs = nowMs;
    }
    const upTo = this.#beatAt(nowMs + EARLY_MS);
    while (this.#beat < upTo && this.#pending > 0) {
      this.#beat += 1;
      this.#runBeat(this.#beat);
    }
    this.#servedMs = Number.NEGATIVE_INFINITY;
    this.#cancelTimer = undefined;
    this.#arm(this.#clock.now());
  };

  #runBeat(beat: number): void {
    const tasks = this.#wheel[beat % WHEEL_BEATS];
    if (!tasks || tasks.length === 0) return;
    // None is added meanwhile: what is set now belongs to a later beat, or to the clock.
    for (const entry of tasks) {
      const { run, deadlineMs } = entry;
      if (run === undefined) continue;
      entry.run = undefined;
      this.#pending -= 1;
      this.#servedMs = deadlineMs + CERTAINTY_MS;
      try {
        run();
      } catch (error) {
        this.#onTaskError(error);
      }
    }
    tasks.length = 0;
  }

  #beatAt(ms: number): number {
    return Math.floor(ms / this.#beatMs);
  }
}
