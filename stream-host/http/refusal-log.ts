import type { Cancel, Clock } from '../../shared/clock.ts';
import { answerTo, type ErrorAnswer, logFailure } from '../../shared/http/error-answer.ts';
import type { Logger } from '../../shared/log.ts';

export interface RefusalLogOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

interface Minute {
  more: number;
  readonly cancel: Cancel;
}

const MINUTE_MS = 60_000;

/**
 * Answers what was refused or has failed, and writes it down: the first of each code in a minute with all that is known
 * of it, those that follow as a count. Whoever knocks a thousand times a second must not fill the log.
 */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  /** By code, of which there is a bounded number. */
  readonly #minutes = new Map<string, Minute>();

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  /** Never throws. */
  answer(thrown: unknown, traceId: string): ErrorAnswer {
    const answer = answerTo(thrown, traceId);
    const { code } = answer.body.error;
    const minute = this.#minutes.get(code);
    if (minute !== undefined) {
      minute.more += 1;
      return answer;
    }
    logFailure(thrown, traceId, this.#options.log);
    this.#minutes.set(code, { more: 0, cancel: this.#options.clock.after(MINUTE_MS, () => this.#end(code)) });
    return answer;
  }

  /** Writes down what was counted and not told yet. Idempotent. */
  close(): void {
    for (const code of [...this.#minutes.keys()]) this.#end(code);
  }

  #end(code: string): void {
    const minute = this.#minutes.get(code);
    this.#minutes.delete(code);
    minute?.cancel();
    if (minute?.more)
      this.#options.log.info({ code, more: minute.more }, 'refused more of the same in the last minute');
  }
}
