import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';

/** The last seconds of a stream of PCM16 mono at 16 kHz. Memory is fixed from the start; writing copies, once. */
export class RecentAudio {
  readonly #ring: Uint8Array;
  #written = 0;

  constructor(keepMs: number) {
    this.#ring = new Uint8Array(keepMs * BYTES_PER_MS);
  }

  write(pcm: Uint8Array): void {
    const size = this.#ring.length;
    const kept = pcm.subarray(Math.max(0, pcm.length - size));
    const at = (this.#written + pcm.length - kept.length) % size;
    const first = Math.min(kept.length, size - at);
    this.#ring.set(kept.subarray(0, first), at);
    this.#ring.set(kept.subarray(first), 0);
    this.#written += pcm.length;
  }

  /** A copy of all that is kept, oldest sample first. */
  samples(): Int16Array<ArrayBuffer> {
    const size = this.#ring.length;
    // An odd byte at the end is half a sample.
    const end = this.#written - (this.#written % 2);
    const length = Math.min(end, size - (this.#written % 2) * 2);
    const bytes = new Uint8Array(length);
    const from = (end - length) % size;
    const first = Math.min(length, size - from);
    bytes.set(this.#ring.subarray(from, from + first));
    bytes.set(this.#ring.subarray(0, length - first), first);
    return new Int16Array(bytes.buffer);
  }
}
