import type { CallWork } from '../../shared/calls/call-work.ts';
import type { Clock } from '../../shared/clock.ts';
import { within } from '../../shared/within.ts';

const EVERY_MS = 1_000;
/** Where a stream host lives it has done it by then. */
const LATE_MS = 3_000;
/** How much longer a request may take by it. */
const WITHIN_MS = 200;

/**
 * Does what is left to do at calls where no stream host is alive to do it: the functions have no clock of their own, so each
 * request looks, once a second.
 */
export class OverdueWork {
  readonly #work: CallWork;
  readonly #clock: Clock;
  #nextMs = 0;

  constructor(work: CallWork, clock: Clock) {
    this.#work = work;
    this.#clock = clock;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const nowMs = this.#clock.now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + EVERY_MS;
    await within(this.#clock, WITHIN_MS, this.#work.round(WITHIN_MS, LATE_MS), () => undefined);
  }
}
