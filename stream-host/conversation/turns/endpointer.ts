import { completeness } from '../language/completeness.ts';
import type { Language } from '../language/language.ts';
import type { EndpointingPolicy } from './turn-policy.ts';

/** How fast the picture of a caller's pauses follows new ones. */
const PAUSE_WEIGHT = 0.3;
/** One long pause is no habit. */
const LEAST_PAUSES = 2;
/** Nobody else shall wait for one caller's habit longer than by this factor. */
const MOST_PATIENCE = 1.3;

/**
 * How long a pause must last to end the caller's turn: short when the words say that it is over, long when they
 * say that more comes, and longer for callers who have paused long before.
 */
export class Endpointer {
  readonly #policy: EndpointingPolicy;
  readonly #language: Language;
  #usualPauseMs: number | undefined;
  #pauses = 0;
  #judgedWords = '';
  #judgedText = 0.5;

  constructor(policy: EndpointingPolicy, language: Language) {
    this.#policy = policy;
    this.#language = language;
  }

  /** The caller went on in the same turn after so long a pause. */
  wentOn(pauseMs: number): void {
    this.#pauses += 1;
    const usualMs = this.#usualPauseMs ?? pauseMs;
    this.#usualPauseMs = usualMs + PAUSE_WEIGHT * (pauseMs - usualMs);
  }

  /** How likely it is that the caller has finished, from 0 to 1, by what the policy lets decide. */
  likelihood(words: string): number {
    if (this.#policy.judgement === 'off' || words === '') return 0.5;
    if (words !== this.#judgedWords) {
      this.#judgedWords = words;
      this.#judgedText = completeness(words, this.#language);
    }
    return this.#judgedText;
  }

  /** The pause, counted from the caller's last speech, that ends a turn with these words. */
  holdMs(words: string): number {
    const { minHoldMs, holdMs, maxHoldMs } = this.#policy;
    const done = this.likelihood(words);
    const byWords =
      done >= 0.5 ? between(holdMs, minHoldMs, (done - 0.5) * 2) : between(holdMs, maxHoldMs, (0.5 - done) * 2);
    return Math.min(maxHoldMs, byWords * this.#patience());
  }

  /** From 1 up, for a caller whose pauses are usually longer than the hold that nothing speaks for or against. */
  #patience(): number {
    if (!this.#policy.adaptToCaller || this.#usualPauseMs === undefined || this.#pauses < LEAST_PAUSES) return 1;
    return Math.min(MOST_PATIENCE, Math.max(1, this.#usualPauseMs / this.#policy.holdMs));
  }
}

function between(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
