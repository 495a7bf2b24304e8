import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { type CallTraces, noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../../shared/telemetry/names.ts';

export interface CallEndingOptions {
  /** @throws {CarrierError} */
  readonly hangUp: (callConnectionId: string, who: 'everybody' | 'us') => Promise<void>;
  /** The session as it is now: its call may have become known after it was picked up. */
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  readonly clock: Clock;
  readonly traces?: Pick<CallTraces, 'within'> | undefined;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** So long the host itself tries. The reason to end stands in the session; the functions go on from there. */
const GIVE_UP_AFTER_MS = 300_000;

/**
 * Hangs calls up, and is not done before ACS has confirmed it: a call that nobody ends is silent, and costs. The reason
 * stands in the session before this is asked, so that a host which dies meanwhile leaves the rest to the functions.
 */
export class CallEnding {
  readonly #options: CallEndingOptions;
  readonly #waits = new Set<() => void>();
  #closed = false;

  constructor(options: CallEndingOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the call is over, or when this host can do no more about it. Never rejects.
   * @param who for whom it ends: a human who has taken it goes on with the caller
   * @param isOurs whether this host still has the session: another one may have taken the call over and talk on it
   */
  async end(
    session: Session,
    log: Logger,
    isOurs: () => Promise<boolean>,
    who: 'everybody' | 'us' = 'everybody',
  ): Promise<void> {
    const { clock, traces = noCallTraces } = this.#options;
    const startedMs = clock.now();
    for (let attempt = 0; ; attempt += 1) {
      if (!(await isOurs())) {
        log.warn('the call is somebody else’s by now; it is not ended from here');
        return;
      }
      const attemptToEnd = () => this.#tryToEnd(session, attempt, log, who);
      const told = { [ATTRIBUTE.attempt]: attempt + 1 };
      if (await traces.within(session.id, SPAN.hangUp, attemptToEnd, told)) return;
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS);
      if (this.#closed || clock.now() + delayMs - startedMs > GIVE_UP_AFTER_MS) {
        log.error('the call could not be ended from here; its reason to end is on record');
        return;
      }
      await this.#wait(delayMs);
    }
  }

  /** Ends all waits: what is not ended now is left to the functions. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#waits]) wake();
  }

  async #tryToEnd(session: Session, attempt: number, log: Logger, who: 'everybody' | 'us'): Promise<boolean> {
    try {
      const callConnectionId = session.callConnectionId ?? (await this.#options.find(session.id))?.callConnectionId;
      if (callConnectionId === undefined) throw new Error('the connection of the call is not known yet');
      await this.#options.hangUp(callConnectionId, who);
      if (attempt > 0) log.info({ attempt }, 'the call is ended after all');
      return true;
    } catch (error) {
      if (failedAs(error, 'gone')) return true;
      const level = attempt === 0 ? 'warn' : 'debug';
      log[level]({ attempt, reason: messageOf(error) }, 'the call could not be hung up; trying again');
      return false;
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const wake = () => {
        cancel();
        this.#waits.delete(wake);
        resolve();
      };
      this.#waits.add(wake);
      cancel = this.#options.clock.after(delayMs, wake);
    });
  }
}
