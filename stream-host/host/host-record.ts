import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { OfferedMode } from '../../shared/modes/offered-modes.ts';
import type { AbilitiesByAgent } from '../../shared/sessions/agent-abilities.ts';
import { ANNOUNCED_FOR_MS, type AnnouncedHost, type Heard, SILENT_AFTER_MS } from '../../shared/sessions/hosts.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import type { AgentCard } from '../contract/agent.ts';
import { type HostIdentity, hostIdOf } from '../session/lease.ts';
import type { LiveSessions } from './live-sessions.ts';

export interface HostRecordOptions {
  readonly store: {
    readonly hosts: Pick<SessionStore['hosts'], 'announce' | 'spare'>;
    readonly held: Pick<SessionStore['held'], 'note'>;
  };
  readonly host: HostIdentity;
  readonly live: Pick<LiveSessions, 'held' | 'count' | 'capacity' | 'draining'>;
  /** The agents that this host has now. */
  readonly agents: () => readonly Pick<AgentCard, 'name' | 'mode'>[];
  /** What they can do. */
  readonly abilities?: (() => AbilitiesByAgent) | undefined;
  readonly modes: readonly OfferedMode[];
  /** What this host runs. */
  readonly release?: string | undefined;
  /** Another host says nothing any more: its calls are to be taken over. Told several times. */
  readonly onSilent?: ((hostId: string) => void) | undefined;
  /** Redis has lost this host, or others have taken it for dead: what it holds may be lost or somebody else's. */
  readonly onForgotten?: (() => void) | undefined;
  /** Told at each announcement. */
  readonly onRound?: (() => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
/** A Redis that did not answer is asked again so soon. */
const RETRY_MS = 250;
/** What is written of held sessions is kept for ten minutes. */
const NOTE_AGAIN_MS = 240_000;
/** Other hosts are judged by one that was heard itself for so long: after a pause of Redis all of them have been silent. */
const STEADY_MS = 5_000;

/**
 * Says in Redis, each second, that this host lives, how many places it has taken and how many there are: the functions place
 * calls by it, and a session's lease is honoured as long as its host is heard of. A host that is too busy for more says that it
 * has no more places than it has sessions; one that drains, that it has none. In return it learns which others are not heard of
 * any more.
 */
export class HostRecord {
  readonly #options: HostRecordOptions;
  readonly #everyMs: number;
  #cancel: Cancel = () => {};
  /** Sessions that the last announcement counted. The places that the functions kept for them are given back. */
  #known: ReadonlySet<string> = new Set();
  /** When this host was heard last, and since when without a gap. */
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #steadySinceMs = 0;
  #isForgotten = false;
  #notedAtMs = Number.NEGATIVE_INFINITY;
  #hosts = 1;
  #othersHaveRoom = true;
  #closed = false;
  #failing = false;

  constructor(options: HostRecordOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? EVERY_MS;
  }

  /** How many hosts there were at the last announcement, with this one. */
  get hosts(): number {
    return this.#hosts;
  }

  /** Whether another host can take calls, as far as this one knows. */
  get othersHaveRoom(): boolean {
    return this.#othersHaveRoom;
  }

  /** Announces the host now and from now on. Never rejects: a Redis that is away is tried again. */
  async announce(): Promise<void> {
    if (this.#closed) return;
    this.#cancel();
    this.#options.onRound?.();
    const nextInMs = await this.#tryToAnnounce();
    if (this.#closed) return;
    // Another announcement may have begun meanwhile, and set its own.
    this.#cancel();
    this.#cancel = this.#options.clock.after(nextInMs, () => void this.announce());
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

  /** @returns when to announce it again, ms */
  async #tryToAnnounce(): Promise<number> {
    const { store, host, live, clock, log } = this.#options;
    const hostId = hostIdOf(host);
    const held = live.held;
    const arrived = held.filter((id) => !this.#known.has(id));
    const left = [...this.#known].filter((id) => !held.includes(id));
    const agents = this.#options.agents();
    const abilities = this.#options.abilities?.();
    const load = {
      sessions: live.count,
      // Nobody is handed over to one that takes nobody in.
      maxSessions: live.draining ? 0 : live.capacity,
      agents: agents.map(({ name }) => name),
      modes: this.#options.modes,
      agentModes: Object.fromEntries(agents.flatMap(({ name, mode }) => (mode === undefined ? [] : [[name, mode]]))),
      ...(this.#options.release !== undefined && { release: this.#options.release }),
      ...(abilities && { abilities }),
    };
    try {
      const heard = await store.hosts.announce(hostId, load, ANNOUNCED_FOR_MS, arrived);
      // Redis says it once: it is kept until all that follows from it has been done.
      this.#isForgotten ||= heard.wasUnknown && this.#heardAtMs > Number.NEGATIVE_INFINITY;
      const isWhole = this.#isForgotten || clock.now() - this.#notedAtMs > NOTE_AGAIN_MS;
      const noted = isWhole ? held : arrived;
      if (noted.length + left.length > 0) await store.held.note(hostId, noted, left);
      if (isWhole) this.#notedAtMs = clock.now();
      this.#known = new Set(held);
      this.#failing = false;
      const isForgotten = this.#isForgotten;
      this.#isForgotten = false;
      return this.#learn(heard, isForgotten);
    } catch (error) {
      if (!this.#failing) log.warn({ reason: messageOf(error) }, 'this host could not be announced');
      this.#failing = true;
      return Math.min(RETRY_MS, this.#everyMs);
    }
  }

  #learn({ silent, nextSilentInMs, hosts, othersWithRoom }: Heard, isForgotten: boolean): number {
    const { clock, onSilent, onForgotten, log } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#heardAtMs > SILENT_AFTER_MS) this.#steadySinceMs = nowMs;
    this.#heardAtMs = nowMs;
    this.#hosts = hosts;
    if (othersWithRoom !== undefined) this.#othersHaveRoom = othersWithRoom > 0;
    if (isForgotten) {
      log.warn('Redis did not know this host any more; what it holds is looked after');
      onForgotten?.();
    }
    if (nowMs - this.#steadySinceMs >= STEADY_MS) for (const hostId of silent) onSilent?.(hostId);
    return Math.min(this.#everyMs, Math.max(1, nextSilentInMs ?? this.#everyMs));
  }
}

/** Whether it is another host than this one, is heard, and takes calls that stand: one that is busy does, one that drains does not. */
export const takesCalls = ({ hostId, silentMs, maxSessions }: AnnouncedHost, own: string): boolean =>
  hostId !== own && silentMs < SILENT_AFTER_MS && maxSessions > 0;
