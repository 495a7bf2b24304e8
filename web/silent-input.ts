const FRAME_MS = 100;
const FRAME_BYTES = 2 * 16 * FRAME_MS;

/**
 * In place of a microphone, for whoever types: it delivers silence, as the server hangs up on a line that goes dead.
 */
export class SilentInput {
  muted = true;
  readonly #timer: number;

  /** @param onFrame takes PCM16 at 16 kHz, ten times a second */
  constructor(onFrame: (frame: ArrayBuffer) => void) {
    this.#timer = setInterval(() => onFrame(new ArrayBuffer(FRAME_BYTES)), FRAME_MS);
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }
}
