import type { CallWork } from '../../shared/calls/call-work.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';

/** How late an event can be taken in whose own worker died, and how late anything is done that is due. */
const EVERY_MS = 200;
const LEAST_MS = 20;
/** So many hosts look as often as one would alone; more look more seldom each, 5 s apart at most, and as often together. */
const TOGETHER = 5;
const LONGEST_SHARE = 25;

/**
 * Does the work that calls have left: what follows from an event and could not be done at once, what a process died over,
 * operations whose event stays away. Every stream host does it; each call is one's at a time.
 */
export class WorkRounds {
  readonly #work: Pick<CallWork, 'round'>;
  readonly #clock: Clock;
  readonly #onRound: () => void;
  readonly #hosts: () => number;
  #cancel: Cancel = () => {};
  #closed = false;

  /** @param hosts how many there are: many share the rounds */
  constructor(work: Pick<CallWork, 'round'>, clock: Clock, onRound: () => void = () => {}, hosts = () => 1) {
    this.#work = work;
    this.#clock = clock;
    this.#onRound = onRound;
    this.#hosts = hosts;
  }

  /** Goes its rounds from now on, until it is closed. */
  start(): void {
    void this.#round();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #round(): Promise<void> {
    this.#onRound();
    const waitMs = (await this.#work.round(0)) ?? Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    const everyMs = EVERY_MS * Math.min(LONGEST_SHARE, Math.max(1, this.#hosts() / TOGETHER));
    this.#cancel = this.#clock.after(Math.min(everyMs, Math.max(LEAST_MS, waitMs)), () => void this.#round());
  }
}
