import type { Clock } from '../clock.ts';
import { redisFailure } from '../sessions/session-errors.ts';

/** What one piece of work has asked of Redis. */
export interface CommandSum {
  readonly commands: number;
  /** When the first one was sent, in milliseconds since 1970. */
  readonly startMs: number;
  /** How long at least one was under way. */
  readonly busyMs: number;
  readonly slowestMs: number;
  /** The code of the first failure. */
  readonly error: string | undefined;
}

/** Counts the commands of one piece of work: one span for all of them, as one each would be most of a trace. */
export class CommandCount {
  readonly #clock: Pick<Clock, 'now' | 'wallMs'>;
  #commands = 0;
  #underWay = 0;
  #startMs = 0;
  #busySinceMs = 0;
  #busyMs = 0;
  #slowestMs = 0;
  #error: string | undefined;

  constructor(clock: Pick<Clock, 'now' | 'wallMs'>) {
    this.#clock = clock;
  }

  sent(reply: Promise<unknown>): void {
    const sentMs = this.#clock.now();
    if (this.#commands === 0) this.#startMs = this.#clock.wallMs();
    if (this.#underWay === 0) this.#busySinceMs = sentMs;
    this.#commands += 1;
    this.#underWay += 1;
    const answered = () => {
      const nowMs = this.#clock.now();
      this.#slowestMs = Math.max(this.#slowestMs, nowMs - sentMs);
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#busyMs += nowMs - this.#busySinceMs;
    };
    reply.then(answered, (error: unknown) => {
      // A script that Redis does not know yet is sent again, whole.
      if (!/^NOSCRIPT/.test(String(error instanceof Error ? error.message : error)))
        this.#error ??= redisFailure(error).code;
      answered();
    });
  }

  /** Undefined where there was none. What is still under way counts up to now. */
  sum(): CommandSum | undefined {
    if (this.#commands === 0) return undefined;
    const nowMs = this.#clock.now();
    const openMs = this.#underWay > 0 ? nowMs - this.#busySinceMs : 0;
    return {
      commands: this.#commands,
      startMs: this.#startMs,
      busyMs: this.#busyMs + openMs,
      slowestMs: Math.round(Math.max(this.#slowestMs, openMs) * 100) / 100,
      error: this.#error,
    };
  }
}
