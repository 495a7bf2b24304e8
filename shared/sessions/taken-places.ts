import type { Clock } from '../clock.ts';
import type { SessionStore } from './session-store.ts';

const KEEP_MS = 3_000;

/** How many places are taken in the whole deployment, for whoever asks often: Redis is asked once in three seconds. */
export class TakenPlaces {
  readonly #hosts: Pick<SessionStore['hosts'], 'taken'>;
  readonly #clock: Clock;
  #latest: { readonly taken: Promise<number>; readonly untilMs: number } | undefined;

  constructor(hosts: Pick<SessionStore['hosts'], 'taken'>, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /** @throws {DependencyError} Redis has no answer */
  count(): Promise<number> {
    const nowMs = this.#clock.now();
    if (this.#latest === undefined || this.#latest.untilMs <= nowMs) {
      this.#latest = { taken: this.#hosts.taken(), untilMs: nowMs + KEEP_MS };
    }
    return this.#latest.taken;
  }
}
