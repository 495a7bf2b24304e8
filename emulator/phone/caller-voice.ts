import { FRAME_BYTES, FRAME_MS, FrameCutter, rmsOf } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';

/** RMS above which a frame of a clean voice is speech: -46 dBFS. */
const AUDIBLE = 0.005;
const SILENCE = new Uint8Array(FRAME_BYTES);

export const isAudible = (frame: Uint8Array): boolean => rmsOf(frame) > AUDIBLE;

/** An utterance on its way. Times are on the clock; undefined until they come. */
interface Speaking {
  /** Its first audible frame. */
  onsetMs: number | undefined;
  /** The end of its last audible frame so far. */
  endMs: number | undefined;
  /** All of it was sent. */
  over: boolean;
}

export type Speech = Readonly<Speaking>;

/**
 * The caller's mouth: a frame every 20 ms by an absolute schedule, of speech when there is some and of silence when
 * there is none. A frame that comes late does not delay the ones after it.
 */
export class CallerVoice {
  readonly #clock: Clock;
  readonly #onFrame: (frame: Uint8Array, dueMs: number) => void;
  readonly #frames: Uint8Array[] = [];
  #speech: Speaking | undefined;
  #dueMs = 0;
  #cancel: Cancel = () => {};

  /** @param onFrame takes each frame, with the time at which its first sample is due */
  constructor(clock: Clock, onFrame: (frame: Uint8Array, dueMs: number) => void) {
    this.#clock = clock;
    this.#onFrame = onFrame;
  }

  start(): void {
    this.#dueMs = this.#clock.now();
    this.#beat();
  }

  /** Begins to speak with the next frame. What was being spoken is left off. */
  speak(pcm: Uint8Array): Speech {
    const cutter = new FrameCutter();
    this.#frames.length = 0;
    cutter.write(pcm, (frame) => this.#frames.push(frame));
    const rest = cutter.flush();
    if (rest) this.#frames.push(rest);
    const speech: Speaking = { onsetMs: undefined, endMs: undefined, over: this.#frames.length === 0 };
    this.#speech = speech;
    return speech;
  }

  close(): void {
    this.#cancel();
  }

  #beat(): void {
    for (const nowMs = this.#clock.now(); this.#dueMs <= nowMs; this.#dueMs += FRAME_MS) this.#sendNext();
    this.#cancel = this.#clock.after(Math.max(0, this.#dueMs - this.#clock.now()), () => this.#beat());
  }

  #sendNext(): void {
    const frame = this.#frames.shift();
    const speech = this.#speech;
    if (frame !== undefined && speech !== undefined && isAudible(frame)) {
      speech.onsetMs ??= this.#dueMs;
      speech.endMs = this.#dueMs + FRAME_MS;
    }
    if (this.#frames.length === 0 && speech !== undefined) speech.over = true;
    this.#onFrame(frame ?? SILENCE, this.#dueMs);
  }
}
