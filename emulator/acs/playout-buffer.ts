import { BYTES_PER_MS, FRAME_BYTES } from '../../shared/audio/pcm.ts';

/**
 * The application's audio on its way to the phone. It arrives faster than it is played; it is read at real time. When
 * it is full, what arrives is dropped, so that what the caller hears stays whole.
 */
export class PlayoutBuffer {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that were read already. */
  #offset = 0;
  #bytes = 0;

  /** @param maxMs how much audio it holds */
  constructor(maxMs: number) {
    this.#maxBytes = maxMs * BYTES_PER_MS;
  }

  get bufferedMs(): number {
    return this.#bytes / BYTES_PER_MS;
  }

  /**
   * @param pcm any length, 16 kHz PCM16
   * @returns false when it was dropped because the buffer is full
   */
  write(pcm: Uint8Array): boolean {
    if (this.#bytes + pcm.length > this.#maxBytes) return false;
    if (pcm.length > 0) this.#chunks.push(pcm);
    this.#bytes += pcm.length;
    return true;
  }

  /** The next 20 ms, filled up with silence where the audio ends; nothing when there is none. */
  read(): Uint8Array | undefined {
    if (this.#bytes === 0) return undefined;
    const frame = new Uint8Array(FRAME_BYTES);
    let filled = 0;
    let chunk = this.#chunks[0];
    while (chunk && filled < FRAME_BYTES) {
      const part = chunk.subarray(this.#offset, this.#offset + FRAME_BYTES - filled);
      frame.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
        chunk = this.#chunks[0];
      }
    }
    this.#bytes -= filled;
    return frame;
  }

  /** Drops everything. @returns how many milliseconds of audio will not be heard */
  clear(): number {
    const droppedMs = this.bufferedMs;
    this.#chunks = [];
    this.#offset = 0;
    this.#bytes = 0;
    return droppedMs;
  }
}
