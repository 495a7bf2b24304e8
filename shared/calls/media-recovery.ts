import type { Redis } from 'ioredis';
import type { Carrier } from '../carrier/carrier.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import type { Logger } from '../log.ts';
import { sessionKeys } from '../sessions/keys.ts';
import type { Session } from '../sessions/session.ts';
import { askRedis } from '../sessions/session-errors.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { isOver } from './call-state.ts';
import { TRANSFERRED } from './end-reasons.ts';

/**
 * Waits before each attempt, 40 s in all. Short at first, as another replica may be there already, and as a function waits for
 * that one itself; and never long, as each is what a caller may wait beyond the moment at which a host is there again.
 */
const ATTEMPT_DELAYS_MS: readonly number[] = [150, 500, 1_000, ...Array<number>(25).fill(1_500)];
/** Attempts count together while the media is lost again within this time. */
const WINDOW_MS = 60_000;
/** How long whoever ends a call may take for it, before it is done here. */
const END_GRACE_MS = 1_000;

export type RecoveryOutcome =
  | 'restarting'
  /** Nothing to heal: the call has ended, or the carrier knows better. */
  | 'not-needed'
  /** The call was meant to be over and still stood; it was hung up. */
  | 'ended'
  /** Every attempt failed; the call was hung up rather than left silent. */
  | 'given-up';

/** Come back in `inMs`, with `data`. */
export interface Later {
  readonly inMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Brings the media of a standing call back, after the replica that had its socket died or drained: asks the carrier to open
 * the socket again, which another replica takes. The carrier reports each failed attempt as an event of its own, and that
 * event makes the next attempt; the count is kept in Redis.
 *
 * Each step looks at the session as it is then, and says itself when the next one is due: nobody waits in between, so that a
 * process may die there.
 */
export class MediaRecovery {
  readonly #redis: Redis;
  readonly #store: SessionStore;
  readonly #carrier: Pick<Carrier, 'startMedia' | 'startTranscription' | 'end'>;
  readonly #delaysMs: readonly number[];

  constructor(options: {
    readonly redis: Redis;
    readonly store: SessionStore;
    readonly carrier: Pick<Carrier, 'startMedia' | 'startTranscription' | 'end'>;
    readonly delaysMs?: readonly number[];
  }) {
    this.#redis = options.redis;
    this.#store = options.store;
    this.#carrier = options.carrier;
    this.#delaysMs = options.delaysMs ?? ATTEMPT_DELAYS_MS;
  }

  /**
   * The media stream of this session's call was reported as stopped or failed.
   * @param data of the step before; empty in the first one
   * @throws {CarrierError} try this step again: a call that is to be over is hung up until it is, also where that is refused
   */
  async media(session: Session, callId: string, data: Later['data'], log: Logger): Promise<RecoveryOutcome | Later> {
    if (isOver(session.status) || session.endReason === TRANSFERRED) return 'not-needed';
    if (session.endReason !== undefined) {
      // Whoever ends it may not have got through to the carrier.
      return data.ending === true ? this.#endAsMeant(callId, log) : { inMs: END_GRACE_MS, data: { ending: true } };
    }
    if (typeof data.attempt !== 'number') {
      const attempt = await this.#countAttempt(sessionKeys(session.id).mediaAttempts);
      const delayMs = this.#delaysMs[attempt - 1];
      // The call's end may be why, and its event a moment behind: the wait lets it come first.
      return delayMs === undefined ? this.#giveUp(session, callId, log) : { inMs: delayMs, data: { attempt } };
    }
    const { attempt } = data;
    // Before the socket is opened anew: whoever gets it need not wait for the one that had the last.
    await this.#store.held.lost(session.id);
    if (!(await this.#restart(() => this.#carrier.startMedia(callId, `media-${attempt}`), log))) {
      await this.#store.held.stands(session.id);
      return 'not-needed';
    }
    log.warn({ attempt }, 'the media of a standing call was lost; asked for its restart');
    return 'restarting';
  }

  /**
   * The carrier's own words of this session's call were reported as stopped or failed. The call goes on without them where
   * they do not come back.
   * @throws {CarrierError} transient: try this step again
   */
  async words(session: Session, callId: string, data: Later['data'], log: Logger): Promise<RecoveryOutcome | Later> {
    if (isOver(session.status) || session.endReason !== undefined) return 'not-needed';
    if (typeof data.attempt !== 'number') {
      const attempt = await this.#countAttempt(sessionKeys(session.id).wordsAttempts);
      const delayMs = this.#delaysMs[attempt - 1];
      if (delayMs !== undefined) return { inMs: delayMs, data: { attempt } };
      log.error('the carrier’s words did not come back; the call goes on, and is not written down');
      return 'given-up';
    }
    if (!(await this.#restart(() => this.#carrier.startTranscription(callId, session.id), log))) return 'not-needed';
    log.warn('the carrier’s words were lost; asked for their restart');
    return 'restarting';
  }

  async #restart(start: () => Promise<void>, log: Logger): Promise<boolean> {
    try {
      await start();
      return true;
    } catch (error) {
      if (!(error instanceof CarrierError) || error.transient) throw error;
      log.info({ code: error.code }, 'what was lost needs no restart, or cannot have one');
      return false;
    }
  }

  async #countAttempt(key: string): Promise<number> {
    const replies = await askRedis(() => this.#redis.multi().incr(key).pexpire(key, WINDOW_MS).exec());
    return Number(replies?.[0]?.[1]);
  }

  async #endAsMeant(callId: string, log: Logger): Promise<RecoveryOutcome> {
    if (!(await this.#carrier.end(callId))) return 'not-needed';
    log.warn('a call that was to be ended still stood; hung up');
    return 'ended';
  }

  async #giveUp(session: Session, callId: string, log: Logger): Promise<RecoveryOutcome> {
    log.error('the media did not come back; hanging up rather than leaving the caller in silence');
    await this.#store.update(session.id, ({ endReason }) => (endReason ? undefined : { endReason: 'media-lost' }));
    await this.#carrier.end(callId);
    return 'given-up';
  }
}
