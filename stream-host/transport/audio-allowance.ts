import type { Clock } from '../../shared/clock.ts';
import { LINE_LIMITS } from '../../shared/protocol/limits.ts';

/** The far side's clock, by which it takes its sound, may be a little faster than ours. */
const CLOCK_TOLERANCE = 1.02;
/** How fast what was too much is forgiven, as a share of the time that passes. */
const FORGIVEN = 0.1;

/** What is to become of a message: it passes, it is dropped, or there is no end to them. */
export type Judgement = 'passes' | 'excess' | 'flood';

/**
 * How much audio a line takes: as much as time passes, and a burst. Everything behind the line, the recogniser's bill
 * included, is measured for people, who cannot speak faster than that.
 */
export class AudioAllowance {
  readonly #clock: Clock;
  #atMs: number;
  #leftMs: number = LINE_LIMITS.burstMs;
  #excessMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.now();
  }

  /** @param audioMs how much audio the message carries; 0 for one without any */
  judge(audioMs: number): Judgement {
    const nowMs = this.#clock.now();
    const passedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    this.#leftMs = Math.min(LINE_LIMITS.burstMs, this.#leftMs + passedMs * CLOCK_TOLERANCE);
    this.#excessMs = Math.max(0, this.#excessMs - passedMs * FORGIVEN);
    const costMs = Math.max(LINE_LIMITS.leastCostMs, audioMs);
    if (costMs <= this.#leftMs) {
      this.#leftMs -= costMs;
      return 'passes';
    }
    this.#excessMs += costMs;
    return this.#excessMs > LINE_LIMITS.floodMs ? 'flood' : 'excess';
  }
}
