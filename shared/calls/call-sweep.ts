import type { Carrier } from '../carrier/carrier.ts';
import { failedAs } from '../carrier/carrier-error.ts';
import { restartMedia } from '../carrier/restart-media.ts';
import type { Cancel, Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { type CallTraces, noCallTraces } from '../telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../telemetry/names.ts';
import { isOver } from './call-state.ts';
import type { CallWork } from './call-work.ts';
import { type EndReason, whoHangsUp } from './end-reasons.ts';

export interface CallSweepOptions {
  readonly store: SessionStore;
  readonly calls: Pick<Carrier, 'state' | 'hangUp' | 'stopMedia' | 'startMedia'>;
  /** Takes in what the sweep finds out. */
  readonly work: CallWork;
  readonly clock: Clock;
  readonly log: Logger;
  readonly traces?: Pick<CallTraces, 'within'> | undefined;
  readonly everyMs?: number;
  /** Told at each look. */
  readonly onRound?: (() => void) | undefined;
  readonly limits?: Partial<SilenceLimits>;
}

/** How long a call may stand without anybody to talk on it. */
export interface SilenceLimits {
  /** Since it was answered: its media socket never came. */
  readonly neverHeldMs: number;
  /** Since its lease ran out, while ACS still streams to the replica that had it: then the call is moved to another one. */
  readonly frozenMs: number;
  /** Since its replica let go of it. Longer than the functions try to bring its media back. */
  readonly lostMs: number;
  /** Since its media went, where ACS knows it no more: the event that tells why it ended is on its way as a rule. */
  readonly goneMs: number;
  /** Without any connection id. */
  readonly notEstablishedMs: number;
}

/**
 * Leases also run out while Redis stands still. Then every replica renews its own within 5 s of its return, and no call may
 * be taken from one that talks on it.
 */
const FROZEN_MS = 6_000;
const LIMITS: SilenceLimits = {
  neverHeldMs: 10_000,
  frozenMs: FROZEN_MS,
  lostMs: 45_000,
  goneMs: 5_000,
  notEstablishedMs: 120_000,
};
const EVERY_MS = 2_000;
const AT_ONCE = 50;
/** When a browser's session in which somebody talks is looked after again, and when a call about which nothing is known. */
const HELD_AGAIN_MS = 30_000;
const SOON_AGAIN_MS = 10_000;

/**
 * Looks after sessions in which something went wrong that nobody else notices: the media that never came, the end that
 * was never told, the hang-up that ACS did not take, the replica that died, or that is frozen and keeps its sockets. Every replica of the stream host does it; each call is one replica's at
 * a time. What cannot be done now, because ACS or Redis is away, is done at the next look.
 */
export class CallSweep {
  readonly #options: CallSweepOptions;
  readonly #everyMs: number;
  readonly #limits: SilenceLimits;
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: CallSweepOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? EVERY_MS;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /** Sweeps from now on, until it is closed. */
  start(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(this.#everyMs, async () => {
      this.#options.onRound?.();
      await this.sweep();
      this.start();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Looks after every call that is due. Never rejects. */
  async sweep(): Promise<void> {
    const { store, log } = this.#options;
    try {
      const { ids } = await store.watched.due(AT_ONCE, SOON_AGAIN_MS);
      await Promise.all(ids.map((id) => this.#look(id)));
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the calls could not be looked after now');
    }
  }

  async #look(id: string): Promise<void> {
    const { store, log } = this.#options;
    const callLog = log.child({ session: id });
    try {
      const session = await store.get(id);
      if (session === undefined || isOver(session.status)) {
        await store.watched.remove(id);
      } else if (session.channel === 'browser') {
        await this.#lookForBrowser(session, callLog);
      } else if (session.callConnectionId === undefined) {
        await this.#lookForCall(session, callLog);
      } else if (session.endReason !== undefined) {
        await this.#end(session, session.callConnectionId, session.endReason, callLog);
      } else {
        // Looked after when the lease will have run out, unless it is renewed.
        const leaseMs = await store.leaseLeftMs(id);
        if (leaseMs !== undefined) return await store.watch(id, leaseMs);
        await this.#listen(session, session.callConnectionId, callLog);
      }
    } catch (error) {
      callLog.warn({ reason: messageOf(error) }, 'a call could not be looked after now; it will be again');
    }
  }

  /** A request to ACS that got lost leaves a session without a call. */
  async #lookForCall(session: Session, log: Logger): Promise<void> {
    const { clock } = this.#options;
    if (clock.wallMs() - session.createdAt < this.#limits.notEstablishedMs) return;
    log.warn('a call never came about');
    await this.#close(session, { status: 'failed', endReason: 'call-never-established' satisfies EndReason });
  }

  /** A browser's session ends with its socket, and the replica that had it writes that down, unless it died. */
  async #lookForBrowser(session: Session, log: Logger): Promise<void> {
    const { store } = this.#options;
    const silence = await store.silence(session.id);
    if (silence === undefined) return store.watch(session.id, HELD_AGAIN_MS);
    if (silence.forMs < this.#limits.lostMs) return store.watch(session.id, this.#limits.lostMs - silence.forMs);
    log.warn('the session of a browser was left behind');
    await this.#close(session, { status: 'disconnected', endReason: 'host-lost' satisfies EndReason });
  }

  async #listen(session: Session, callConnectionId: string, log: Logger): Promise<void> {
    const { store, calls, traces = noCallTraces } = this.#options;
    const state = await calls.state(callConnectionId);
    // One that rings is silent only from when it is picked up: who asks begins to count.
    if (state === 'changing') return;
    const silence = await store.silence(session.id);
    if (state === 'gone') {
      const { goneMs } = this.#limits;
      const forMs = silence?.forMs ?? goneMs;
      if (forMs < goneMs) return store.watch(session.id, goneMs - forMs);
      return this.#over(session, 'call-gone' satisfies EndReason, log);
    }
    if (silence === undefined) return;
    const { neverHeldMs, frozenMs, lostMs } = this.#limits;
    if (silence.everHeld && silence.forMs < frozenMs) return store.watch(session.id, frozenMs - silence.forMs);
    const limitMs = silence.everHeld ? lostMs : neverHeldMs;
    if (silence.forMs < limitMs) {
      const move = () => this.#move(callConnectionId, log);
      const told = { [ATTRIBUTE.event]: 'host-silent' };
      if (silence.everHeld) await traces.within(session.id, SPAN.recovery, move, told);
      // Once for each silence: what comes of it is told to the functions, who try again.
      return store.watch(session.id, limitMs - silence.forMs);
    }
    const reason: EndReason = silence.everHeld ? 'media-lost' : 'media-never-came';
    log.error(
      { reason, silentMs: silence.forMs },
      'nobody talks on this call; hanging up rather than leaving it silent',
    );
    await store.update(session.id, ({ endReason }) => (endReason === undefined ? { endReason: reason } : undefined));
    await this.#end(session, callConnectionId, reason, log);
  }

  /**
   * A replica that is frozen keeps its sockets, so ACS streams on and reports no loss, which would start the recovery. Has
   * it close that socket and open another, which a replica that lives takes. Of one that was closed on purpose no loss is
   * reported either.
   */
  async #move(callConnectionId: string, log: Logger): Promise<void> {
    const { calls, clock } = this.#options;
    // Whoever had closed it to open another may have died in between.
    if (!(await restartMedia(calls, callConnectionId, 'moved', clock))) {
      await calls.startMedia(callConnectionId, 'moved').catch((error: unknown) => {
        if (!failedAs(error, 'refused')) throw error;
      });
      log.warn('nobody has the media of this call; it was opened anew');
    } else {
      log.warn('the replica that had the media of this call says nothing any more; the call was moved to another one');
    }
  }

  /** Until ACS says that the call is gone: one that took our request may still not have carried it out. */
  async #end(session: Session, callConnectionId: string, reason: string, log: Logger): Promise<void> {
    const { calls, traces = noCallTraces } = this.#options;
    const hangUp = () => calls.hangUp(callConnectionId, whoHangsUp(reason));
    try {
      await traces.within(session.id, SPAN.hangUp, hangUp, { [ATTRIBUTE.event]: 'swept' });
    } catch (error) {
      if (!failedAs(error, 'gone')) throw error;
      await this.#over(session, reason, log);
    }
  }

  async #over(session: Session, reason: string, log: Logger): Promise<void> {
    log.warn({ reason }, 'a call was over without anybody having been told');
    await this.#close(session, { status: 'disconnected', endReason: session.endReason ?? reason });
  }

  /** As if the carrier had told it, so that all that follows from an end follows from this one. */
  async #close(session: Session, end: { status: 'disconnected' | 'failed'; endReason: string }): Promise<void> {
    const { store, work, clock } = this.#options;
    const { endReason } = end;
    await store.update(session.id, ({ status }) => (isOver(status) ? undefined : { endReason }));
    const at = clock.wallMs();
    const head = { id: `reaped:${session.id}:${at}`, name: 'call.reaped', at };
    const told = { ...head, callId: session.callConnectionId ?? '', result: { message: endReason } };
    await work.tell(
      session.id,
      end.status === 'failed' ? { ...told, kind: 'failed', what: 'place' } : { ...told, kind: 'ended' },
    );
    await store.watched.remove(session.id);
  }
}
