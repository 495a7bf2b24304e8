import type { Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { ClientLimits } from './client-limits.ts';

const KEEP_MS = 3_000;
/** A scaler asks every half minute, or as often as every few seconds. */
const ASKS_PER_MINUTE = 60;

/**
 * How many places are taken in the whole deployment: what it is scaled by. Anybody may ask, so the answer is a number, is
 * kept for a moment, and is given to one client once a second on average.
 */
export class Places {
  readonly #hosts: Pick<SessionStore['hosts'], 'taken'>;
  readonly #clock: Clock;
  readonly #clients: ClientLimits;
  #latest: { readonly taken: Promise<number>; readonly untilMs: number } | undefined;

  constructor(hosts: Pick<SessionStore['hosts'], 'taken'>, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
    this.#clients = new ClientLimits({ clock, maxSessions: 1, opensPerMinute: ASKS_PER_MINUTE });
  }

  /**
   * @param client who asks
   * @throws {ParleyError} `client.too-many-requests`
   * @throws {DependencyError} Redis has no answer
   */
  async taken(client: string): Promise<number> {
    const pass = this.#clients.admit(client);
    if (typeof pass === 'string') {
      throw new ParleyError('client.too-many-requests', 'You ask for this too often. Wait a minute.');
    }
    pass();
    const nowMs = this.#clock.now();
    if (this.#latest === undefined || this.#latest.untilMs <= nowMs) {
      this.#latest = { taken: this.#hosts.taken(), untilMs: nowMs + KEEP_MS };
    }
    return this.#latest.taken;
  }
}
