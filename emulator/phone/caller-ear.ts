import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { isAudible } from './caller-voice.ts';
import { isDigitalSilence } from './voice-buffer.ts';

/** A silence that is shorter than this and in which nothing was sent is a hole in an answer, not the end of one. */
const LONGEST_GAP_FRAMES = 500 / FRAME_MS;

/** What the caller has heard of the agent, by the energy of the frames. Times are those of the frames' arrival. */
export class CallerEar {
  readonly #gapsMs: number[] = [];
  #lastAudibleMs = Number.NEGATIVE_INFINITY;
  #audibleFrames = 0;
  #framesWhenStopped: number | undefined;
  /** Frames in a row in which nothing was played; a voice that rests between two words still has some noise. */
  #emptyFrames = Number.POSITIVE_INFINITY;
  /** Since when it is silent for somebody who waits; undefined while nobody does. */
  #waitsSinceMs: number | undefined;
  #longestWaitMs = 0;

  hear(frame: Uint8Array, atMs: number): void {
    this.#countGap(frame);
    if (!isAudible(frame)) return;
    this.#noteWait(atMs);
    this.#lastAudibleMs = atMs;
    this.#audibleFrames += 1;
  }

  /** When the last frame with the agent's voice came; minus infinity when none has. */
  get lastAudibleMs(): number {
    return this.#lastAudibleMs;
  }

  /** When that frame was over. */
  get silentSinceMs(): number {
    return this.#lastAudibleMs + FRAME_MS;
  }

  /** Frames with the agent's voice so far. */
  get audibleFrames(): number {
    return this.#audibleFrames;
  }

  /** How long each hole in an answer was: the network had nothing of the agent to play, and soon had again. */
  get gapsMs(): readonly number[] {
    return this.#gapsMs;
  }

  /** The agent was stopped: the silence that follows is meant. */
  voiceStopped(): void {
    this.#emptyFrames = Number.POSITIVE_INFINITY;
    this.#framesWhenStopped = this.#audibleFrames;
  }

  /** Frames with the agent's voice since it was last stopped, in the order of the line; undefined where it never was. */
  get framesSinceStop(): number | undefined {
    return this.#framesWhenStopped === undefined ? undefined : this.#audibleFrames - this.#framesWhenStopped;
  }

  heardSince(sinceMs: number): boolean {
    return this.#lastAudibleMs >= sinceMs;
  }

  /** The longest silence in which an answer was waited for. */
  get longestWaitMs(): number {
    return this.#longestWaitMs;
  }

  /** From then on an answer is waited for. */
  waits(fromMs: number): void {
    this.#waitsSinceMs = fromMs;
  }

  /** It is there; or nobody waits any more. @param untilMs where the silence before counts, too */
  waitsNoMore(untilMs?: number): void {
    if (untilMs !== undefined) this.#noteWait(untilMs);
    this.#waitsSinceMs = undefined;
  }

  #noteWait(atMs: number): void {
    if (this.#waitsSinceMs === undefined) return;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, Math.round(atMs - this.#waitsSinceMs));
    this.#waitsSinceMs = Math.max(this.#waitsSinceMs, atMs + FRAME_MS);
  }

  #countGap(frame: Uint8Array): void {
    if (isDigitalSilence(frame)) {
      this.#emptyFrames += 1;
      return;
    }
    if (this.#emptyFrames > 0 && this.#emptyFrames < LONGEST_GAP_FRAMES)
      this.#gapsMs.push(this.#emptyFrames * FRAME_MS);
    this.#emptyFrames = 0;
  }
}
