import type { TurnPolicy } from './turn-policy.ts';

/** One frame of the voice-activity model: 512 samples at 16 kHz. */
export const DETECTOR_FRAME_MS = 32;

export type SpeechEdge =
  | { readonly type: 'started'; readonly onsetMs: number }
  | { readonly type: 'ended'; readonly lastSpeechMs: number };

/** Turns frame probabilities into the edges of speech, with hysteresis and the least lengths that the policy asks. */
export class SpeechDetector {
  readonly #policy: TurnPolicy;
  #speaking = false;
  #runMs = 0;
  #lastSpeechMs = 0;

  constructor(policy: TurnPolicy) {
    this.#policy = policy;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** When the newest speech came, of an utterance that has begun. */
  get lastSpeechMs(): number {
    return this.#lastSpeechMs;
  }

  /** @param atMs when the frame's last sample arrived */
  frame(probability: number, atMs: number): SpeechEdge | undefined {
    return this.#speaking ? this.#seekPause(probability, atMs) : this.#seekOnset(probability, atMs);
  }

  reset(): void {
    this.#speaking = false;
    this.#runMs = 0;
  }

  #seekOnset(probability: number, atMs: number): SpeechEdge | undefined {
    if (probability < this.#policy.speechProbability) {
      this.#runMs = 0;
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    if (this.#runMs < this.#policy.onsetMs) return;
    const onsetMs = atMs - this.#runMs;
    this.#speaking = true;
    this.#runMs = 0;
    this.#lastSpeechMs = atMs;
    return { type: 'started', onsetMs };
  }

  #seekPause(probability: number, atMs: number): SpeechEdge | undefined {
    if (probability >= this.#policy.silenceProbability) {
      this.#runMs = 0;
      this.#lastSpeechMs = atMs;
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    if (this.#runMs < this.#policy.pauseMs) return;
    this.#speaking = false;
    this.#runMs = 0;
    return { type: 'ended', lastSpeechMs: this.#lastSpeechMs };
  }
}
