import type { CallerSound } from './line-audio.ts';

/** Nothing at all happens for so long although something is owed: the engine's own bounds are shorter than this. */
const STUCK_MS = 17_000;
/** No sound and no fault told for so long, while the caller is silent and waits. */
const OWED_MS = 32_000;
/** The engine thinks that nothing is owed, and there are words that nobody has answered. */
const LEFT_MS = 1000;
const AUDIBLE_CALLER = 0.3;
/** The names of the states in which the engine owes nothing. */
const AT_REST = new Set(['listening', 'closed']);

export interface WatchOptions {
  readonly now: () => number;
  readonly state: () => string;
  readonly missingWords: () => readonly number[];
  readonly onViolation: (rule: string, detail: string) => void;
}

/** Watches the call every 20 ms for states that last: silence that is owed an answer, speech without sound. */
export class Watch {
  readonly #options: WatchOptions;
  #movedAtMs = 0;
  #callerSoundAtMs = 0;
  #answeredAtMs = 0;
  #leftSinceMs: number | undefined;
  #told = new Set<string>();
  #restSinceMs: number | undefined;
  /** The longest that a caller who had fallen silent waited for a sound. */
  longestWaitMs = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Something moved: a piece of the model, a report of the recogniser, another state. */
  moved(): void {
    this.#movedAtMs = this.#options.now();
  }

  /** The caller was given something: a frame, or the host was told of a fault. */
  answered(): void {
    this.#answeredAtMs = this.#options.now();
    this.moved();
  }

  /** For how long the engine has owed nothing. */
  get restedMs(): number {
    return this.#restSinceMs === undefined ? 0 : this.#options.now() - this.#restSinceMs;
  }

  tick(sound: CallerSound): void {
    const { now, state, missingWords } = this.#options;
    const nowMs = now();
    if (sound.probability >= AUDIBLE_CALLER) this.#callerSoundAtMs = nowMs;
    const name = state();
    const left = name === 'listening' ? missingWords() : [];
    this.#leftSinceMs = left.length === 0 ? undefined : (this.#leftSinceMs ?? nowMs);
    if (nowMs - (this.#leftSinceMs ?? nowMs) > LEFT_MS) this.#tell('words-left', `listening, but c${left.join(' c')}`);
    if (AT_REST.has(name)) {
      this.#restSinceMs ??= nowMs;
      return;
    }
    this.#restSinceMs = undefined;
    const waitedMs = nowMs - Math.max(this.#callerSoundAtMs, this.#answeredAtMs);
    this.longestWaitMs = Math.max(this.longestWaitMs, waitedMs);
    if (waitedMs > OWED_MS) this.#tell('silent-though-owed', `${name} for ${Math.round(waitedMs)} ms`);
    const stillMs = nowMs - Math.max(this.#callerSoundAtMs, this.#movedAtMs);
    if (stillMs > STUCK_MS) this.#tell('stuck', `${name}: nothing moved for ${Math.round(stillMs)} ms`);
  }

  /** Once a call: what lasts would be told every 20 ms. */
  #tell(rule: string, detail: string): void {
    if (this.#told.has(rule)) return;
    this.#told.add(rule);
    this.#options.onViolation(rule, detail);
  }
}
