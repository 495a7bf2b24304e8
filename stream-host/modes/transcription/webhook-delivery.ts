import type { Cancel, Clock } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Session, SessionEvent } from '../../../shared/sessions/session.ts';
import type { SessionStore } from '../../../shared/sessions/session-store.ts';
import { within } from '../../../shared/within.ts';
import { type WebhookMessage, webhookMessageOf } from './webhook-message.ts';
import type { DeliveryProgress, WebhookOutbox } from './webhook-outbox.ts';

/** What became of one attempt. `hopeless`: the same message would be refused again. */
export type PostOutcome =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'refused' | 'hopeless'; readonly reason: string; readonly retryAfterMs?: number | undefined };

export interface WebhookDeliveryOptions {
  readonly outbox: WebhookOutbox;
  readonly store: Pick<SessionStore, 'get' | 'events'>;
  /** Sends one message of a session; bounded in time, and never rejects. */
  readonly post: (message: WebhookMessage, signal: AbortSignal, sessionId: string) => Promise<PostOutcome>;
  /** Tells this host from others. */
  readonly holder: string;
  readonly clock: Clock;
  /** Between 0 and 1, for the jitter of pauses. */
  readonly random: () => number;
  readonly log: Logger;
  /** Told of words that became a dead letter. */
  readonly onGivenUp?: () => void;
  /** Words that are older than this are given up when they are refused once more. */
  readonly giveUpAfterMs?: number;
}

const GIVE_UP_AFTER_MS = 3_600_000;
/** So often words are tried before their age counts. */
const LEAST_ATTEMPTS = 3;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const RETRY_AFTER_MAX_MS = 300_000;
/** What a host that closes waits for Redis to take the right to deliver back. */
const GIVE_BACK_MS = 1_000;
/** Longer than an attempt may take. */
const LEASE_MS = 15_000;
const SWEEP_MS = 1_000;
const AT_ONCE = 32;
/** The record is written a moment after words are told. */
const SOON_MS = 100;
/** Words of a session that lives come with a nudge; this is for those whose host has died. */
const LOOK_AGAIN_MS = 5_000;
/** The last words may be written a little after a session's end. */
const LAST_WORDS_MS = 30_000;
const READ_COUNT = 100;

/**
 * Delivers finished words to the webhook: those of one session one after the other, each until it is taken or given up. All
 * that waits lies in Redis, and any host delivers what is due, so none needs to live on.
 */
export class WebhookDelivery {
  readonly #options: WebhookDeliveryOptions;
  readonly #busy = new Set<string>();
  /** Nudged while they were busy. */
  readonly #again = new Set<string>();
  readonly #abort = new AbortController();
  readonly #timers = new Set<Cancel>();
  readonly #looks = new Set<Promise<void>>();

  constructor(options: WebhookDeliveryOptions) {
    this.#options = options;
  }

  /** Delivers what is due, until it is closed. */
  start(): void {
    this.#after(SWEEP_MS, () => void this.#sweep().finally(() => this.start()));
  }

  /** Has the words of a session delivered, now and whoever holds it later. Never throws. */
  attend(sessionId: string): void {
    this.#options.outbox
      .attend(sessionId, LOOK_AGAIN_MS)
      .catch((error: unknown) => this.#options.log.warn({ session: sessionId, reason: messageOf(error) }, NOT_NOTED));
  }

  /** There are new words of a session, or will be in a moment. Never throws. */
  nudge(sessionId: string): void {
    this.attend(sessionId);
    this.#after(SOON_MS, () => this.#lookAt(sessionId));
  }

  /** Breaks off what is under way, which another host will deliver: at once, as the right to is given back. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await within(this.#options.clock, GIVE_BACK_MS, Promise.all(this.#looks), () => []);
  }

  async #sweep(): Promise<void> {
    const { outbox, log } = this.#options;
    try {
      const due = await outbox.due(Math.max(0, AT_ONCE - this.#busy.size), LEASE_MS);
      for (const id of due) this.#lookAt(id);
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the webhook cannot be served now');
    }
  }

  #lookAt(sessionId: string): void {
    const look = this.#look(sessionId).finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  async #look(sessionId: string): Promise<void> {
    if (this.#abort.signal.aborted) return;
    if (this.#busy.has(sessionId)) {
      this.#again.add(sessionId);
      return;
    }
    this.#busy.add(sessionId);
    const { outbox, holder, log, clock } = this.#options;
    try {
      const progress = await outbox.take(sessionId, holder, LEASE_MS);
      if (progress !== undefined) {
        const pauseMs = progress.retryAtMs - clock.wallMs();
        if (pauseMs > 0) await this.#rest(sessionId, progress, pauseMs);
        else await this.#deliver(sessionId, progress);
      }
    } catch (error) {
      log.debug({ session: sessionId, reason: messageOf(error) }, 'words could not be delivered now; they wait');
    } finally {
      this.#busy.delete(sessionId);
      if (this.#again.delete(sessionId)) this.#after(SOON_MS, () => this.#lookAt(sessionId));
    }
  }

  async #deliver(sessionId: string, from: DeliveryProgress): Promise<void> {
    const { outbox, store, holder } = this.#options;
    const session = await store.get(sessionId);
    let progress = from;
    for (;;) {
      const events = await store.events(sessionId, { after: progress.position, limit: READ_COUNT });
      for (const event of events) {
        const next = await this.#deliverOne(sessionId, session, event, progress);
        if (next === undefined || this.#abort.signal.aborted) return;
        progress = next;
      }
      if (events.length < READ_COUNT) break;
    }
    if (!(await outbox.note(sessionId, holder, progress, 0))) return;
    if (this.#isOver(session)) await outbox.leave(sessionId);
    else await outbox.attend(sessionId, LOOK_AGAIN_MS);
  }

  /** @returns the progress after this entry of the record; undefined where it is not dealt with, or another host has it */
  async #deliverOne(
    sessionId: string,
    session: Session | undefined,
    event: SessionEvent,
    progress: DeliveryProgress,
  ): Promise<DeliveryProgress | undefined> {
    const { outbox, post, holder, clock, log, onGivenUp, giveUpAfterMs = GIVE_UP_AFTER_MS } = this.#options;
    const message = webhookMessageOf(sessionId, session, event);
    // A write that got no answer may have been made twice.
    if (message === undefined || message.turn <= progress.turn) return { ...progress, position: event.id };
    const done: DeliveryProgress = { position: event.id, turn: message.turn, attempts: 0, retryAtMs: 0 };
    const result = await post(message, this.#abort.signal, sessionId);
    // A host that closes gives the right to deliver back: another one need not wait until it has run out.
    if (this.#abort.signal.aborted) {
      await this.#rest(sessionId, result.outcome === 'delivered' ? done : progress, 0);
      return undefined;
    }
    if (result.outcome !== 'delivered') {
      const attempts = progress.attempts + 1;
      const isOld = attempts >= LEAST_ATTEMPTS && clock.wallMs() - event.at > giveUpAfterMs;
      if (result.outcome !== 'hopeless' && !isOld) {
        if (attempts === 1) log.warn({ session: sessionId, reason: result.reason }, 'the webhook does not take words');
        const pauseMs = this.#pauseMs(attempts, result.retryAfterMs);
        await this.#rest(sessionId, { ...progress, attempts, retryAtMs: clock.wallMs() + pauseMs }, pauseMs);
        return undefined;
      }
      log.error(
        { session: sessionId, turn: message.turn, reason: result.reason },
        'words were given up: a dead letter',
      );
      await outbox.bury({ id: message.id, reason: result.reason, at: clock.wallMs(), body: message.body });
      onGivenUp?.();
    }
    return (await outbox.note(sessionId, holder, done, LEASE_MS)) ? done : undefined;
  }

  async #rest(sessionId: string, progress: DeliveryProgress, pauseMs: number): Promise<void> {
    const { outbox, holder } = this.#options;
    await outbox.note(sessionId, holder, progress, 0);
    await outbox.attend(sessionId, pauseMs);
  }

  #pauseMs(attempts: number, retryAfterMs = 0): number {
    const longest = Math.min(RETRY_MIN_MS * 2 ** (attempts - 1), RETRY_MAX_MS);
    const ownMs = longest * (0.5 + this.#options.random() / 2);
    return Math.round(Math.max(ownMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)));
  }

  #isOver(session: Session | undefined): boolean {
    if (session === undefined) return true;
    const { status, endedAt = 0 } = session;
    if (status !== 'disconnected' && status !== 'failed') return false;
    return this.#options.clock.wallMs() - endedAt > LAST_WORDS_MS;
  }

  #after(delayMs: number, task: () => void): void {
    if (this.#abort.signal.aborted) return;
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      task();
    });
    this.#timers.add(cancel);
  }
}

const NOT_NOTED = 'it could not be noted that words of this session are to be delivered; the next words try again';
