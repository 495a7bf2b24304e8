import type { Clock } from '../../../../shared/clock.ts';
import type { CallNeeds, HostLoad, Hosts, Reservation } from '../../../../shared/sessions/hosts.ts';

interface Known {
  readonly untilMs: number;
  readonly load: HostLoad;
}

/**
 * The list of hosts and of the places that are kept, on a clock of our own instead of Redis's. `places-in-memory.test.ts`
 * holds it against Redis.
 */
export class PlacesInMemory implements Pick<Hosts, 'reserve' | 'giveBack' | 'spare' | 'taken' | 'count'> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #hosts = new Map<string, Known>();
  readonly #kept = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @returns whether it was not known before */
  announce(hostId: string, load: HostLoad, ttlMs: number, arrived: readonly string[] = []): boolean {
    this.#forget();
    const wasUnknown = !this.#hosts.has(hostId);
    this.#hosts.set(hostId, { untilMs: this.#clock.now() + ttlMs, load });
    for (const id of arrived) this.#kept.delete(id);
    return wasUnknown;
  }

  async reserve(sessionId: string, { agent, mode }: CallNeeds, ttlMs: number): Promise<Reservation> {
    this.#forget();
    const alive = [...this.#hosts.values()];
    const able = alive.filter(({ load: { agents } }) => agents === undefined || agents.includes(agent));
    const fit = able.filter(({ load: { modes } }) => modes === undefined || modes.some(({ name }) => name === mode));
    if (alive.length === 0) return 'none-alive';
    if (able.length === 0) return 'agent-unknown';
    if (fit.length === 0) return 'mode-unknown';
    const others = this.#kept.size - (this.#kept.has(sessionId) ? 1 : 0);
    if (fit.reduce((sum, { load }) => sum + freeOf(load), 0) <= others) return 'full';
    this.#kept.set(sessionId, this.#clock.now() + ttlMs);
    return 'kept';
  }

  async giveBack(sessionId: string): Promise<void> {
    this.#kept.delete(sessionId);
  }

  async spare(hostId: string, own: HostLoad, arrived: readonly string[]): Promise<number> {
    this.#forget();
    const others = [...this.#hosts].filter(([id]) => id !== hostId).map(([, { load }]) => freeOf(load));
    const kept = [...this.#kept.keys()].filter((id) => !arrived.includes(id)).length;
    return others.reduce((sum, free) => sum + free, own.maxSessions - own.sessions) - kept;
  }

  async taken(): Promise<number> {
    this.#forget();
    return [...this.#hosts.values()].reduce((sum, { load }) => sum + load.sessions, this.#kept.size);
  }

  async count(): Promise<number> {
    this.#forget();
    return this.#hosts.size;
  }

  #forget(): void {
    const nowMs = this.#clock.now();
    for (const [id, { untilMs }] of this.#hosts) if (untilMs <= nowMs) this.#hosts.delete(id);
    for (const [id, untilMs] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(id);
  }
}

const freeOf = ({ sessions, maxSessions }: HostLoad): number => Math.max(0, maxSessions - sessions);
