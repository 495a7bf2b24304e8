import type { Redis } from 'ioredis';
import type { StreamChange } from '../../shared/carrier/call-events.ts';
import type { Carrier } from '../../shared/carrier/carrier.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { redisFailure } from '../../shared/sessions/session-errors.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { isOver } from './call-status.ts';

/**
 * Waits before each attempt, 40 s in all. Short at first, as another replica may be there already; and never long, as each
 * is what a caller may wait beyond the moment at which a host is there again.
 */
const ATTEMPT_DELAYS_MS: readonly number[] = [250, 500, 1_000, ...Array<number>(25).fill(1_500)];
/** Attempts count together while the media is lost again within this time. */
const WINDOW_MS = 60_000;
/** How long whoever ends a call may take for it, before it is done here. */
const END_GRACE_MS = 1_000;

export type RecoveryOutcome =
  | 'restarting'
  /** Nothing to heal: streaming was stopped on purpose, the call has ended, or ACS knows better. */
  | 'not-needed'
  /** The call was meant to be over and still stood; it was hung up. */
  | 'ended'
  /** Every attempt failed; the call was hung up rather than left silent. */
  | 'given-up';

/**
 * Brings the media of a standing call back, after the replica that had its socket died or drained: asks ACS to open the
 * socket again, which another replica takes. ACS reports each failed attempt as an event of its own, and that event
 * makes the next attempt; so each invocation makes one, and the count is kept in Redis.
 */
export class MediaRecovery {
  readonly #redis: Redis;
  readonly #store: SessionStore;
  readonly #calls: Carrier;
  readonly #clock: Clock;
  readonly #delaysMs: readonly number[];

  constructor(options: {
    readonly redis: Redis;
    readonly store: SessionStore;
    readonly calls: Carrier;
    readonly clock: Clock;
    readonly delaysMs?: readonly number[];
  }) {
    this.#redis = options.redis;
    this.#store = options.store;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#delaysMs = options.delaysMs ?? ATTEMPT_DELAYS_MS;
  }

  /**
   * The media stream of this session's call was reported as stopped or failed.
   * @throws {CarrierError} transient: let the event be delivered again
   */
  async mediaLost(
    session: Session,
    callConnectionId: string,
    { details, onPurpose }: StreamChange,
    log: Logger,
  ): Promise<RecoveryOutcome> {
    if (onPurpose || isOver(session.status)) return 'not-needed';
    if (session.endReason !== undefined) return this.#endAsMeant(session.id, callConnectionId, log);
    const attempt = await this.#countAttempt(session.id);
    const delayMs = this.#delaysMs[attempt - 1];
    if (delayMs === undefined) return this.#giveUp(session, callConnectionId, log);
    // The call's end may be why, and its CallDisconnected a moment behind: the wait lets it come first.
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    const current = await this.#store.get(session.id);
    if (current === undefined || isOver(current.status)) return 'not-needed';
    if (current.endReason !== undefined) return this.#endAsMeant(session.id, callConnectionId, log);
    try {
      await this.#calls.startMedia(callConnectionId, `media-${attempt}`);
    } catch (error) {
      if (!(error instanceof CarrierError) || error.transient) throw error;
      log.info({ code: error.code }, 'the media needs no restart, or cannot have one');
      return 'not-needed';
    }
    if (attempt === 1) log.warn({ details }, 'the media was lost; asked for its restart');
    else log.debug({ attempt, details }, 'asked for the restart of the media again');
    return 'restarting';
  }

  /**
   * ACS's own transcription of this session's call was reported as stopped or failed. The call goes on without its words
   * where it does not come back.
   * @throws {CarrierError} transient: let the event be delivered again
   */
  async wordsLost(
    { id, status, endReason }: Session,
    callConnectionId: string,
    { details, onPurpose }: StreamChange,
    log: Logger,
  ): Promise<RecoveryOutcome> {
    if (onPurpose || isOver(status) || endReason !== undefined) return 'not-needed';
    const delayMs = this.#delaysMs[(await this.#countAttempt(id, 'words-attempts')) - 1];
    if (delayMs === undefined) {
      log.error('ACS’s transcription did not come back; the call goes on, and is not written down');
      return 'given-up';
    }
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    const current = await this.#store.get(id);
    if (current === undefined || isOver(current.status)) return 'not-needed';
    try {
      await this.#calls.startTranscription(callConnectionId, id);
    } catch (error) {
      if (!(error instanceof CarrierError) || error.transient) throw error;
      log.info({ code: error.code }, 'the transcription needs no restart, or cannot have one');
      return 'not-needed';
    }
    log.warn({ details }, 'ACS’s transcription was lost; asked for its restart');
    return 'restarting';
  }

  async #countAttempt(sessionId: string, what = 'media-attempts'): Promise<number> {
    const key = `parley:{${sessionId}}:${what}`;
    try {
      const replies = await this.#redis.multi().incr(key).pexpire(key, WINDOW_MS).exec();
      return Number(replies?.[0]?.[1]);
    } catch (error) {
      throw redisFailure(error);
    }
  }

  /**
   * The call was to be ended, and the reason is on record; that its media stops now is no fault. But whoever ended it may
   * not have got through to ACS.
   */
  async #endAsMeant(sessionId: string, callConnectionId: string, log: Logger): Promise<RecoveryOutcome> {
    await new Promise<void>((resolve) => this.#clock.after(END_GRACE_MS, resolve));
    const current = await this.#store.get(sessionId);
    if (current !== undefined && isOver(current.status)) return 'not-needed';
    if (!(await endCall(this.#calls, callConnectionId))) return 'not-needed';
    log.warn('a call that was to be ended still stood; hung up');
    return 'ended';
  }

  async #giveUp(session: Session, callConnectionId: string, log: Logger): Promise<RecoveryOutcome> {
    log.error('the media did not come back; hanging up rather than leaving the caller in silence');
    await this.#store.update(session.id, ({ endReason }) => (endReason ? undefined : { endReason: 'media-lost' }));
    await endCall(this.#calls, callConnectionId);
    return 'given-up';
  }
}

/**
 * @returns whether there still was a call to end
 * @throws {CarrierError} transient
 */
export async function endCall(calls: Carrier, callConnectionId: string): Promise<boolean> {
  try {
    return await calls.end(callConnectionId);
  } catch (error) {
    if (!(error instanceof CarrierError) || error.transient) throw error;
    return false;
  }
}
