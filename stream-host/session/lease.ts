import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { ANNOUNCED_FOR_MS, goneFor, SILENT_AFTER_MS } from '../../shared/sessions/hosts.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { type CallTraces, noCallTraces } from '../../shared/telemetry/call-traces.ts';

/**
 * Who a stream host is. `place` is where it listens (host name and port: one process at a time can have it), `boot`
 * tells this run from the last one in the same place.
 */
export interface HostIdentity {
  readonly place: string;
  readonly boot: string;
}

export const hostIdOf = (host: HostIdentity): string => `${host.place}#${host.boot}`;

export interface LeaseOptions {
  readonly store: SessionStore;
  readonly host: HostIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly traces?: Pick<CallTraces, 'redis'> | undefined;
  /** Redis has lost the session, of which we hold the lease, or that we hold it. */
  readonly onGone?: () => void;
  /** How long a lease stands without being renewed. */
  readonly leaseMs?: number;
  /** How long to wait for another live host to let go of the session. */
  readonly waitMs?: number;
}

const RETRY_MS = 200;
/** After a renewal that Redis did not answer. Well below the time that the sweep waits for (`CallSweep`). */
const RENEW_AGAIN_MS = 1_500;

/**
 * The right to speak for a session: one socket, of one replica, at a time. Held in Redis under a name that is unique for
 * the socket, renewed while it lives, let go when it closes.
 */
export class SessionLease {
  readonly #sessionId: string;
  /** The name under which the lease is held. */
  readonly owner: string;
  readonly #options: LeaseOptions;
  readonly #leaseMs: number;
  readonly #onLost: () => void;
  #cancelRenewal: Cancel = () => {};
  #closed = false;
  #renewing = false;

  /** Use {@link claimSession}. */
  constructor(sessionId: string, owner: string, options: LeaseOptions, onLost: () => void) {
    this.#sessionId = sessionId;
    this.owner = owner;
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? DEFAULT_LEASE_MS;
    this.#onLost = onLost;
    this.#schedule();
  }

  /** Lets go of the session. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRenewal();
    try {
      await this.#options.store.release(this.#sessionId, this.owner);
    } catch (error) {
      // It runs out by itself.
      this.#options.log.warn({ reason: messageOf(error) }, 'the lease could not be released');
    }
  }

  /**
   * Whether the session is still this socket's, asked now. A Redis that is away says nothing against it. Never rejects.
   */
  async isHeld(): Promise<boolean> {
    if (this.#closed) return false;
    try {
      return (await this.#options.store.renew(this.#sessionId, this.owner, this.#leaseMs)) !== 'lost';
    } catch {
      return true;
    }
  }

  /** Renews it now: Redis may have lost it, or somebody else may have it. Never rejects. */
  async confirm(): Promise<void> {
    if (this.#closed || this.#renewing) return;
    this.#cancelRenewal();
    await this.#renew();
  }

  #schedule(inMs = this.#leaseMs / 3): void {
    if (this.#closed) return;
    this.#cancelRenewal = this.#options.clock.after(inMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { store, log, traces = noCallTraces } = this.#options;
    this.#renewing = true;
    let inMs: number | undefined;
    try {
      const renew = () => store.renew(this.#sessionId, this.owner, this.#leaseMs);
      const renewal = await traces.redis(this.#sessionId, 'renew_lease', renew);
      let ours = renewal === 'held';
      // What Redis has forgotten is still ours if nobody else took it. What was let go of meanwhile is not claimed anew.
      if (renewal === 'gone' && !this.#closed) {
        this.#options.onGone?.();
        ours = await store.claim(this.#sessionId, this.owner, this.#leaseMs);
      }
      if (this.#closed) {
        if (ours) await store.release(this.#sessionId, this.owner);
        return;
      }
      if (!ours) {
        this.#closed = true;
        this.#onLost();
        return;
      }
    } catch (error) {
      // The caller is on the line: a Redis that is away is no reason to hang up.
      log.warn({ reason: messageOf(error) }, 'the lease could not be renewed, the call goes on');
      // Once Redis is back nobody may find the lease run out, and take the call for one that is left.
      inMs = Math.min(RENEW_AGAIN_MS, this.#leaseMs / 3);
    } finally {
      this.#renewing = false;
    }
    this.#schedule(inMs);
  }
}

/**
 * A host that dies or freezes is known by its announcements, which stop; its leases only bound how long nobody knows of a
 * session that was forgotten there. Renewing each every 3 s was a third of what a call asked of Redis.
 */
export const DEFAULT_LEASE_MS = 30_000;

/**
 * Claims a session for one socket. Takes over from a holder that is gone: an earlier run in this host's place, a host that
 * was not heard for {@link SILENT_AFTER_MS}, one whose media socket the carrier has told the loss of, or what this run left
 * behind (the caller sees to it that no other socket of this host holds the session: `LiveSessions.hold`). What such a
 * holder still writes does not land. Undefined when another host rightly holds it.
 * @throws {DependencyError} Redis did not answer for `waitMs`
 */
export async function claimSession(
  sessionId: string,
  socketId: string,
  options: LeaseOptions,
  onLost: () => void,
): Promise<SessionLease | undefined> {
  const { clock, waitMs = 2000, leaseMs = DEFAULT_LEASE_MS } = options;
  const owner = `${hostIdOf(options.host)}#${socketId}`;
  const deadline = clock.now() + waitMs;
  for (;;) {
    const outcome = await tryToClaim(sessionId, owner, leaseMs, options).catch((error: unknown) => {
      // A Redis that is away for a moment is waited for, as another holder is.
      if (error instanceof ParleyError && error.status === 503) return error;
      throw error;
    });
    if (outcome === 'claimed') return new SessionLease(sessionId, owner, options, onLost);
    if (outcome === 'freed') continue;
    if (clock.now() + RETRY_MS > deadline) {
      if (outcome === 'held') return undefined;
      throw outcome;
    }
    await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
  }
}

async function tryToClaim(
  sessionId: string,
  owner: string,
  leaseMs: number,
  options: LeaseOptions,
): Promise<'claimed' | 'freed' | 'held'> {
  const { store, log } = options;
  if (await store.claim(sessionId, owner, leaseMs)) return 'claimed';
  const holder = await store.owner(sessionId);
  if (holder === undefined) return 'held';
  const hostId = holder.slice(0, holder.lastIndexOf('#'));
  const [isLost, silentMs] = await Promise.all([store.held.isLost(sessionId, holder), store.hosts.silentMs(hostId)]);
  const isOfHere = holder.startsWith(`${options.host.place}#`);
  const isGone = isOfHere || isLost || silentMs === undefined || silentMs >= SILENT_AFTER_MS;
  if (!isGone) return 'held';
  log.info({ session: sessionId, holder }, 'taking the session over from a holder that is gone');
  // Of a host that is forgotten, only its lease tells when it was heard: it had renewed that.
  const leftMs = silentMs === undefined ? ((await store.leaseLeftMs(sessionId)) ?? 0) : 0;
  await store.release(sessionId, holder, goneFor(silentMs ?? Math.max(ANNOUNCED_FOR_MS, leaseMs - leftMs)));
  return 'freed';
}
