import type { Clock } from '../../shared/clock.ts';
import { BROKEN_EXIT_CODE, messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';

/** The part of a host that its end is about. */
export interface Ending {
  /** Fails readiness and lets nobody in; resolves when no call is left, after `waitMs` at the latest. */
  drain(reason: string, waitMs: number): Promise<void>;
  /**
   * Hands the calls that are left over to other hosts, each in a pause of its talk, which is waited for so long at most; where
   * there is no other host, waits for them to end. Resolves when no call is left, after `pauseMs` and a second at the latest.
   */
  move(pauseMs: number): Promise<void>;
  /** Tells every socket to go elsewhere, waits up to `waitMs` for them, and closes all. */
  close(reason: string, waitMs: number): Promise<void>;
}

export interface ShutdownOptions {
  /** How long calls may go on once the process is asked to end. 0: they are cut at once, as on a developer's machine. */
  readonly drainMs: number;
  /** Ends the process. */
  readonly exit: (code: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of the time that calls may go on, the last in which each is handed over in its next pause: few answers are longer. */
const PAUSE_MS = 20_000;
/** What a call that found none takes to be handed over. */
const HAND_OVER_MS = 1000;
/** How long sockets have to close, and sessions to be written, once calls are cut. */
const CLOSE_MS = 5000;
/** A close that takes longer than this in all is cut short. What the platform must grant beyond the drain. */
export const HARD_STOP_MS = HAND_OVER_MS + CLOSE_MS + 2000;
/** After an error that nobody caught, calls go on for so long at most: they had better go on elsewhere. */
const FAULTY_DRAIN_MS = 10_000;
/** What nobody expected and that broke off its own work only. So many of them within a time are a sign of more. */
const TOLERATED = 10;
const TOLERATED_WITHIN_MS = 3_600_000;

const REASON = 'This server is being restarted. Connect again to go on.';

/**
 * How the process ends: nobody is let in any more, calls may go on for a while, what is left then is handed over to another
 * host, each call in a pause of its talk, and what could not be is cut. It ends when the platform asks, and when it is
 * broken: an error was caught by nobody, or too many were caught that cannot be, or something has stopped that must go on.
 * What the process knows of its calls is in doubt then, and whoever watches over it starts a new one.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  #host: Ending | undefined;
  #exitCode: number | undefined;
  #exceptions = 0;
  /** It is broken while it drains for another reason: calls are waited for no more. */
  readonly #hurry = Promise.withResolvers<void>();
  #tolerated: number[] = [];
  #isClosing = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** The host is up. Before that, there is nothing to drain. */
  watch(host: Ending): void {
    this.#host = host;
  }

  /** The platform wants the process to end. A second time changes nothing: Ctrl-C comes from terminal and starter. */
  asked(signal: string): void {
    if (this.#exitCode !== undefined) return;
    this.#options.log.info({ signal, drainMs: this.#options.drainMs }, 'draining: nobody is let in, calls may go on');
    void this.#end(0, this.#options.drainMs);
  }

  /** An exception that nobody caught: the process ends. While it drains for that already, another one ends it at once. */
  exception(error: unknown): void {
    const { log, exit, drainMs } = this.#options;
    this.#exceptions += 1;
    // Of this level, as the alarm asks for it: nothing else tells of a host that has ended once.
    log.fatal({ ...described(error), exceptions: this.#exceptions }, 'an error was not caught; this process ends');
    if (this.#exceptions > 1) exit(BROKEN_EXIT_CODE);
    else void this.#end(BROKEN_EXIT_CODE, Math.min(drainMs, FAULTY_DRAIN_MS));
  }

  rejection(error: unknown): void {
    this.#options.log.error(described(error), 'a rejection was not handled');
    this.unexpected(error);
  }

  /** Something failed that cannot fail, and was caught where it did no harm beyond its own call. */
  unexpected(error: unknown): void {
    // Once it closes there is no call left to be moved.
    if (this.#exceptions > 0 || this.#isClosing) return;
    const nowMs = this.#options.clock.now();
    this.#tolerated = [...this.#tolerated.filter((atMs) => nowMs - atMs < TOLERATED_WITHIN_MS), nowMs];
    // Also while it drains: its calls had better go on elsewhere.
    if (this.#tolerated.length > TOLERATED) this.exception(error);
  }

  async #end(exitCode: number, drainMs: number): Promise<void> {
    const { clock, log, exit } = this.#options;
    const isFirst = this.#exitCode === undefined;
    this.#exitCode = Math.max(this.#exitCode ?? 0, exitCode);
    clock.after(drainMs + HARD_STOP_MS, () => exit(this.#exitCode || 1));
    if (!isFirst) return this.#hurry.resolve();
    try {
      const pauseMs = Math.min(drainMs, PAUSE_MS);
      await Promise.race([this.#host?.drain(REASON, drainMs - pauseMs), this.#hurry.promise]);
      const isBroken = this.#exitCode !== exitCode;
      if (pauseMs > 0) await this.#host?.move(isBroken ? Math.min(pauseMs, FAULTY_DRAIN_MS) : pauseMs);
      this.#isClosing = true;
      log.info('calls that are left are told to connect elsewhere');
      await this.#host?.close(REASON, CLOSE_MS);
      log.info('stopped');
    } catch (error) {
      log.error(described(error), 'the host could not be closed');
      this.#exitCode = Math.max(this.#exitCode, 1);
    }
    exit(this.#exitCode);
  }
}

function described(error: unknown): Record<string, unknown> {
  const code = error instanceof ParleyError ? error.code : 'unexpected';
  return { code, reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined };
}
