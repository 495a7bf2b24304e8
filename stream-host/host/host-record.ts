import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { OfferedMode } from '../../shared/modes/offered-modes.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import type { AgentCard } from '../contract/agent.ts';
import { type HostIdentity, hostIdOf } from '../session/lease.ts';
import type { LiveSessions } from './live-sessions.ts';

export interface HostRecordOptions {
  readonly store: SessionStore;
  readonly host: HostIdentity;
  readonly live: LiveSessions;
  /** The agents that this host has now. */
  readonly agents: () => readonly Pick<AgentCard, 'name' | 'mode'>[];
  readonly modes: readonly OfferedMode[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
}

/** How many announcements may fail before this host counts as gone. */
const MISSES = 3;

/**
 * Says in Redis, every few seconds, that this host lives, how many places it has taken and how many there are: the
 * functions place calls by it, and a session's lease is honoured as long as its host is heard of. A host that drains or
 * is too busy for more says that it has no more places than it has sessions.
 */
export class HostRecord {
  readonly #options: HostRecordOptions;
  readonly #everyMs: number;
  #cancel: Cancel = () => {};
  /** Sessions that the last announcement counted. The places that the functions kept for them are given back. */
  #known: ReadonlySet<string> = new Set();
  #closed = false;
  #failing = false;

  constructor(options: HostRecordOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 2000;
  }

  /** Announces the host now and from now on. Never rejects: a Redis that is away is tried again. */
  async announce(): Promise<void> {
    if (this.#closed) return;
    this.#cancel();
    const { store, host, live, clock, log } = this.#options;
    const held = live.held;
    const arrived = held.filter((id) => !this.#known.has(id));
    const agents = this.#options.agents();
    const load = {
      sessions: live.count,
      maxSessions: live.capacity,
      agents: agents.map(({ name }) => name),
      modes: this.#options.modes,
      agentModes: Object.fromEntries(agents.flatMap(({ name, mode }) => (mode === undefined ? [] : [[name, mode]]))),
    };
    try {
      await store.hosts.announce(hostIdOf(host), load, this.#everyMs * MISSES, arrived);
      this.#known = new Set(held);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ reason: messageOf(error) }, 'this host could not be announced');
      this.#failing = true;
    }
    if (this.#closed) return;
    // Another announcement may have begun meanwhile, and set its own.
    this.#cancel();
    this.#cancel = clock.after(this.#everyMs, () => void this.announce());
  }

  /**
   * Whether calls that are on their way still find the places that are kept for them, now that a browser has one. Never
   * rejects: without Redis no session is opened anyway.
   */
  async sparesCalls(): Promise<boolean> {
    const { store, host, live, log } = this.#options;
    const load = { sessions: live.count, maxSessions: live.capacity };
    // A place that is kept from now on must not be the one that has just gone.
    if (load.sessions >= load.maxSessions) void this.announce();
    try {
      return (await store.hosts.spare(hostIdOf(host), load, live.held)) >= 0;
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'nobody knows which places are kept for calls');
      return true;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }
}
