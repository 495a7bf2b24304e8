import type { Cancel, Clock } from '../shared/clock.ts';
import type { Logger } from '../shared/log.ts';

export interface ScriptedModelWatchOptions {
  /** Whether a scripted dialogue stands where the language model should. Never rejects. */
  readonly ask: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
}

/**
 * Knows whether a demo dialogue answers instead of a language model, so that people can be told. Asked again now and
 * then, because the emulator may start later than this process or again with other settings.
 */
export class ScriptedModelWatch {
  readonly #options: ScriptedModelWatchOptions;
  #isScripted = false;
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: ScriptedModelWatchOptions) {
    this.#options = options;
  }

  get isScripted(): boolean {
    return this.#isScripted;
  }

  /** Asks now and from now on. */
  async watch(): Promise<void> {
    const { ask, clock, log, everyMs = 5000 } = this.#options;
    const isScripted = await ask();
    if (this.#closed) return;
    if (isScripted && !this.#isScripted) log.info('a scripted demo dialogue answers, no language model');
    this.#isScripted = isScripted;
    this.#cancel = clock.after(everyMs, () => void this.watch());
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }
}
