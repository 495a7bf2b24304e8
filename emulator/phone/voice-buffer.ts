import { FRAME_BYTES, FRAME_MS, FrameCutter } from '../../shared/audio/pcm.ts';

const MAX_FRAMES = 10_000 / FRAME_MS;
/** What is gathered before playing starts, so that a late packet leaves no hole. */
const PRIME_FRAMES = 2;
/** Above this, a frame of digital silence is skipped: what a stall has piled up is caught up with in the pauses. */
const TARGET_FRAMES = 3;

/**
 * The jitter buffer between a phone's socket and the call's 20 ms beat. A phone sends in real time; one that sends
 * faster is heard late, and beyond ten seconds its oldest audio is dropped.
 */
export class VoiceBuffer {
  readonly #cutter = new FrameCutter(FRAME_BYTES);
  readonly #frames: Uint8Array[] = [];
  #primed = false;
  #waited = false;
  #droppedFrames = 0;

  /** Frames that were dropped because the phone sent much faster than real time. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** @param pcm any length, 16 kHz PCM16 */
  write(pcm: Uint8Array): void {
    this.#cutter.write(pcm, (frame) => {
      this.#frames.push(frame);
      if (this.#frames.length <= MAX_FRAMES) return;
      this.#frames.shift();
      this.#droppedFrames++;
    });
  }

  /** The next 20 ms, or nothing when the phone has sent nothing (yet). */
  read(): Uint8Array | undefined {
    if (!this.#prime()) return undefined;
    while (this.#frames.length > TARGET_FRAMES && isDigitalSilence(this.#frames[0])) this.#frames.shift();
    const frame = this.#frames.shift();
    if (frame === undefined) this.#primed = false;
    return frame;
  }

  /** Makes it as good as new, for another call. */
  clear(): void {
    this.#frames.length = 0;
    this.#primed = false;
    this.#droppedFrames = 0;
  }

  #prime(): boolean {
    if (this.#primed) return true;
    if (this.#frames.length === 0) return false;
    this.#primed = this.#waited || this.#frames.length >= PRIME_FRAMES;
    // One beat is all that a lone frame waits for: it may be the last of what somebody said.
    this.#waited = !this.#primed;
    return this.#primed;
  }
}

export const isDigitalSilence = (frame: Uint8Array | undefined): boolean =>
  frame === undefined || frame.every((byte) => byte === 0);
