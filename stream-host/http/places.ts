import type { Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { TakenPlaces } from '../../shared/sessions/taken-places.ts';
import { ClientLimits } from './client-limits.ts';

/** A monitor asks every half minute, or as often as every few seconds. */
const ASKS_PER_MINUTE = 60;

/**
 * How many places are taken in the whole deployment. Anybody may ask, so the answer is a number, is kept for a moment,
 * and is given to one client once a second on average.
 */
export class Places {
  readonly #taken: TakenPlaces;
  readonly #clients: ClientLimits;

  constructor(hosts: Pick<SessionStore['hosts'], 'taken'>, clock: Clock) {
    this.#taken = new TakenPlaces(hosts, clock);
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
    return this.#taken.count();
  }
}
