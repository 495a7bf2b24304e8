import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { isAudible } from './caller-voice.ts';

/** What the caller has heard of the agent, by the energy of the frames. Times are those of the frames' arrival. */
export class CallerEar {
  #lastAudibleMs = Number.NEGATIVE_INFINITY;
  #audibleFrames = 0;

  hear(frame: Uint8Array, atMs: number): void {
    if (!isAudible(frame)) return;
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

  heardSince(sinceMs: number): boolean {
    return this.#lastAudibleMs >= sinceMs;
  }
}
