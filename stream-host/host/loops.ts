import type { Clock } from '../../shared/clock.ts';

export interface LoopsOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** A loop has not come round for so long that it never will. Told once. */
  readonly onStuck: (error: Error) => void;
}

/** Who asks every few seconds, and has not for so long, was paused: so were the loops. */
const PAUSED_MS = 10_000;
/** A loop that is as late as this beyond its time is not waited for any more. */
const GIVE_UP_AFTER = 3;

/**
 * What a host does again and again for as long as it lives. A loop that has stopped, for whatever reason, would be missed by
 * nobody: its host would answer and take calls. So each says when it comes round.
 */
export class Loops {
  readonly #options: LoopsOptions;
  readonly #loops = new Map<string, { readonly withinMs: number; lastMs: number }>();
  #askedMs: number;
  #told = false;

  constructor(options: LoopsOptions) {
    this.#options = options;
    this.#askedMs = options.clock.now();
  }

  /** @param withinMs how long a round and the wait for the next may take @returns to be called at each round */
  watch(name: string, withinMs: number): () => void {
    const { clock } = this.#options;
    const loop = { withinMs, lastMs: clock.now() };
    this.#loops.set(name, loop);
    return () => {
      loop.lastMs = clock.now();
    };
  }

  /**
   * To be asked every few seconds.
   * @throws {Error} that names a loop which has stopped
   */
  require(): void {
    const nowMs = this.#options.clock.now();
    const pausedMs = nowMs - this.#askedMs;
    this.#askedMs = nowMs;
    if (pausedMs > PAUSED_MS) for (const loop of this.#loops.values()) loop.lastMs += pausedMs;
    for (const [name, { withinMs, lastMs }] of this.#loops) {
      const lateMs = nowMs - lastMs;
      if (lateMs <= withinMs) continue;
      const error = new Error(`"${name}" has not come round for ${Math.round(lateMs / 1000)} s.`);
      if (!this.#told && lateMs > GIVE_UP_AFTER * withinMs) {
        this.#told = true;
        this.#options.onStuck(error);
      }
      throw error;
    }
  }
}
