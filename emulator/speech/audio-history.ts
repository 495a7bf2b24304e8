/** The latest stretch of an audio stream, addressed by sample number from the stream's start. PCM16 mono. */
export class AudioHistory {
  readonly #chunks: { readonly start: number; readonly pcm: Uint8Array }[] = [];
  #end = 0;

  /** Takes the stream's next samples; the memory is kept, not copied. An odd last byte is dropped. */
  append(pcm: Uint8Array): void {
    const samples = pcm.length >> 1;
    if (samples === 0) return;
    this.#chunks.push({ start: this.#end, pcm: pcm.subarray(0, samples * 2) });
    this.#end += samples;
  }

  /** The number of samples that the stream has had so far. */
  get end(): number {
    return this.#end;
  }

  /** The oldest sample that is still there. */
  get start(): number {
    return this.#chunks[0]?.start ?? this.#end;
  }

  /** A copy of the samples from `from` up to `to`, as far as they are there. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    const first = Math.max(from, this.start);
    const last = Math.min(to, this.#end);
    const copy = new Uint8Array(Math.max(0, last - first) * 2);
    for (const { start, pcm } of this.#chunks) {
      const chunkEnd = start + pcm.length / 2;
      if (chunkEnd <= first || start >= last) continue;
      const part = pcm.subarray((Math.max(first, start) - start) * 2, (Math.min(last, chunkEnd) - start) * 2);
      copy.set(part, (Math.max(first, start) - first) * 2);
    }
    return copy;
  }

  /** Forgets the chunks that lie wholly before a sample. */
  dropBefore(sample: number): void {
    let drop = 0;
    for (const { start, pcm } of this.#chunks) {
      if (start + pcm.length / 2 > sample) break;
      drop += 1;
    }
    this.#chunks.splice(0, drop);
  }
}
