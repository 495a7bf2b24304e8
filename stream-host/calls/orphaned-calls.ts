import { isOver } from '../../shared/calls/call-state.ts';
import type { Carrier } from '../../shared/carrier/carrier.ts';
import { restartMedia } from '../../shared/carrier/restart-media.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { goneFor } from '../../shared/sessions/hosts.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { type CallTraces, noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../../shared/telemetry/names.ts';

export interface OrphanedCallsOptions {
  readonly store: SessionStore;
  readonly calls: Pick<Carrier, 'stopMedia' | 'startMedia'>;
  /** The carrier has opened no other socket, and may have closed the old one: it is to be asked again. */
  readonly onNotOpened?: ((sessionId: string, callConnectionId: string) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly traces?: Pick<CallTraces, 'within'> | undefined;
}

/** So many calls are asked for at a time, and others so much later: a host may have had a hundred. */
const AT_ONCE = 20;
const PACE_MS = 100;
/** A socket that was opened and that nobody has taken by then went to a host that does not answer: another is asked for. */
const TAKEN_WITHIN_MS = 1_200;
const POLL_MS = 100;
/** Waits before a Redis that did not answer is asked again: the watch over calls would take half a minute. */
const RETRY_MS = [100, 300, 900, 2_700] as const;
const ATTEMPTS = 3;
/** When somebody looks after a call over which this host died. */
const WATCH_MS = 5_000;

/**
 * Takes the calls of a host over that is not heard of any more: it has died and the carrier has not noticed, or it is frozen
 * and keeps its sockets. Each call is one taker's. First its lease is taken away, so that nothing which the old host may
 * still write lands; then the carrier is asked for another socket, which whichever host gets it serves. A call of which the
 * carrier has told the loss by itself is somebody else's by then, and stays there.
 */
export class OrphanedCalls {
  readonly #options: OrphanedCallsOptions;
  readonly #underWay = new Set<string>();
  #closed = false;

  constructor(options: OrphanedCallsOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async takeOver(hostId: string): Promise<void> {
    if (this.#closed || this.#underWay.has(hostId)) return;
    this.#underWay.add(hostId);
    const { store, clock, log } = this.#options;
    const moves: Promise<void>[] = [];
    try {
      while (!this.#closed) {
        const ids = await store.held.take(hostId, AT_ONCE);
        if (ids.length === 0) break;
        log.warn({ host: hostId, calls: ids.length }, 'a host is not heard of any more; its calls are taken over');
        moves.push(...ids.map((id) => this.#move(hostId, id)));
        await new Promise<void>((resolve) => clock.after(PACE_MS, resolve));
      }
      await Promise.all(moves);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the calls of a host that is gone could not be taken over now');
    } finally {
      this.#underWay.delete(hostId);
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #move(hostId: string, sessionId: string): Promise<void> {
    const { traces = noCallTraces } = this.#options;
    const log = this.#options.log.child({ session: sessionId });
    try {
      const callId = await this.#freed(hostId, sessionId);
      if (callId === undefined) return;
      const bring = () => this.#bring(sessionId, callId, log);
      await traces.within(sessionId, SPAN.recovery, bring, { [ATTRIBUTE.event]: 'host-gone' });
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'a call could not be taken over now; it is looked after');
    }
  }

  /** As {@link #free}; a Redis that is away for a moment is asked again. */
  async #freed(hostId: string, sessionId: string): Promise<string | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#free(hostId, sessionId);
      } catch (error) {
        const waitMs = RETRY_MS[attempt];
        if (waitMs === undefined || this.#closed) throw error;
        await new Promise<void>((resolve) => this.#options.clock.after(waitMs, resolve));
      }
    }
  }

  /** Takes a session away from a host that is gone. @returns its call, where there is one to be moved */
  async #free(hostId: string, sessionId: string): Promise<string | undefined> {
    const { store } = this.#options;
    const reads = [store.owner(sessionId), store.get(sessionId), store.hosts.silentMs(hostId)] as const;
    const [holder, session, silentMs] = await Promise.all(reads);
    const callId = session?.callConnectionId;
    // The carrier has told that its socket is gone: it is being opened anew, and must not be closed again.
    const isOnItsWay = holder !== undefined && (await store.held.isLost(sessionId, holder));
    // A browser comes back by itself, or not: nobody can move it.
    if (!holder?.startsWith(`${hostId}#`) || isOnItsWay || session?.channel !== 'phone' || callId === undefined) return;
    if (isOver(session.status) || session.endReason !== undefined) return;
    await store.watch(sessionId, WATCH_MS);
    return (await store.release(sessionId, holder, goneFor(silentMs))) ? callId : undefined;
  }

  async #bring(sessionId: string, callId: string, log: Logger): Promise<void> {
    const { calls, clock } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // Where the carrier has no socket any more, the loss is told, and whoever took that in opens another.
      try {
        if (!(await restartMedia(calls, callId, 'moved', clock))) return;
      } catch (error) {
        await this.#options.onNotOpened?.(sessionId, callId);
        throw error;
      }
      log.info({ attempt }, 'the carrier was asked for another socket');
      if (await this.#isTaken(sessionId)) return;
    }
  }

  async #isTaken(sessionId: string): Promise<boolean> {
    const { store, clock } = this.#options;
    for (let waitedMs = 0; waitedMs < TAKEN_WITHIN_MS && !this.#closed; waitedMs += POLL_MS) {
      await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
      if ((await store.owner(sessionId)) !== undefined) return true;
    }
    return this.#closed;
  }
}
