import type { OnsetPolicy } from './turn-policy.ts';

/** One frame of the voice-activity model: 512 samples at 16 kHz. */
export const DETECTOR_FRAME_MS = 32;

export type SpeechEdge =
  | { readonly type: 'started'; readonly onsetMs: number }
  | { readonly type: 'ended'; readonly lastSpeechMs: number };

/** Whose voice a sound may be: the caller's for all that is known, the agent's own come back, or hard to say. */
export type VoiceOrigin = 'caller' | 'echo' | 'unsure';

/** The mean probability of a sound that is speech beyond doubt. */
const CLEAR_PROBABILITY = 0.85;
/** An echo is told from a voice by so much sound at most; what came before it is another matter. */
const ORIGIN_WINDOW_MS = 192;

/**
 * Turns frame probabilities into the edges of speech. Clear speech is an onset soon; doubtful speech must last longer:
 * a low probability, a sound that may be the agent's own echo, and any sound on a line that has misled us lately.
 */
export class SpeechDetector {
  readonly #policy: OnsetPolicy;
  #speaking = false;
  #runMs = 0;
  #runProbability = 0;
  #lastSpeechMs = Number.NEGATIVE_INFINITY;
  #doubtedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(policy: OnsetPolicy) {
    this.#policy = policy;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** When the newest speech came, of an utterance that has begun. */
  get lastSpeechMs(): number {
    return this.#lastSpeechMs;
  }

  /**
   * @param atMs when the frame's last sample arrived
   * @param origin asked only when an onset hangs on it, of the newest `windowMs` of the line
   */
  frame(probability: number, atMs: number, origin: (windowMs: number) => VoiceOrigin): SpeechEdge | undefined {
    return this.#speaking ? this.#seekPause(probability, atMs) : this.#seekOnset(probability, atMs, origin);
  }

  /** The last onset was none: a cough, a click. Sounds are doubted for a while. */
  misled(nowMs: number): void {
    this.#doubtedUntilMs = nowMs + this.#policy.doubtMs;
  }

  /** The last onset was speech. */
  confirmed(): void {
    this.#doubtedUntilMs = Number.NEGATIVE_INFINITY;
  }

  reset(): void {
    this.#speaking = false;
    this.#runMs = 0;
  }

  #seekOnset(probability: number, atMs: number, origin: (windowMs: number) => VoiceOrigin): SpeechEdge | undefined {
    const { speechProbability, onsetMs, doubtfulOnsetMs } = this.#policy;
    if (probability < speechProbability) {
      this.#runMs = 0;
      this.#runProbability = 0;
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    this.#runProbability += probability * DETECTOR_FRAME_MS;
    if (this.#runMs < onsetMs) return;
    const from = origin(Math.min(this.#runMs, ORIGIN_WINDOW_MS));
    if (from === 'echo') return;
    const clear =
      from === 'caller' && this.#runProbability >= CLEAR_PROBABILITY * this.#runMs && atMs >= this.#doubtedUntilMs;
    if (!clear && this.#runMs < doubtfulOnsetMs) return;
    const startedMs = atMs - this.#runMs;
    this.#speaking = true;
    this.#runMs = 0;
    this.#runProbability = 0;
    this.#lastSpeechMs = atMs;
    return { type: 'started', onsetMs: startedMs };
  }

  #seekPause(probability: number, atMs: number): SpeechEdge | undefined {
    if (probability >= this.#policy.silenceProbability) {
      this.#runMs = 0;
      this.#lastSpeechMs = atMs;
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    if (this.#runMs < this.#policy.pauseMs) return;
    this.reset();
    return { type: 'ended', lastSpeechMs: this.#lastSpeechMs };
  }
}
