import type { Cancel, Clock } from '../../shared/clock.ts';

export interface SilenceWatchOptions {
  readonly clock: Clock;
  /** How long the far side may take until its first audio. */
  readonly firstMs: number;
  /** How long it may send none after that. */
  readonly laterMs: number;
  /** It has sent too little for so long. Comes once. */
  readonly onSilent: (wasHeard: boolean, waitedMs: number) => void;
}

/** Less audio than this counts as none: a few bytes now and then would hold a place for ever. */
const LEAST_AUDIO_MS = 100;
/**
 * A wait is counted in so many steps. Where this process itself stood still, one step is over when it goes on, and
 * what came meanwhile is read before the next one: a far side is not blamed for our own stall.
 */
const STEPS = 4;

/** Notices that a line's far side sends no audio at all. Silence is audio: microphones and ACS send it all the time. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #wasHeard = false;
  #heardMs = 0;
  #steps = 0;
  #cancel: Cancel = () => {};

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.restart();
  }

  /** Begins the wait anew. */
  restart(): void {
    this.#heardMs = 0;
    this.#steps = 0;
    this.#wait();
  }

  heard(audioMs: number): void {
    this.#heardMs += audioMs;
    if (this.#wasHeard || this.#heardMs < LEAST_AUDIO_MS) return;
    this.#wasHeard = true;
    this.restart();
  }

  /** Idempotent. */
  close(): void {
    this.#cancel();
  }

  #wait(): void {
    const { clock, firstMs, laterMs, onSilent } = this.#options;
    const limitMs = this.#wasHeard ? laterMs : firstMs;
    this.#cancel();
    this.#cancel = clock.after(limitMs / STEPS, () => {
      this.#steps += 1;
      if (this.#heardMs >= LEAST_AUDIO_MS) this.restart();
      else if (this.#steps < STEPS) this.#wait();
      else onSilent(this.#wasHeard, limitMs);
    });
  }
}
