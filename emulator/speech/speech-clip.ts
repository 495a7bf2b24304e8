/** A word in a clip. `text` is a slice of the text that was to be spoken. */
export interface TimedWord {
  readonly text: string;
  readonly startMs: number;
  readonly durationMs: number;
}

/** Something spoken: PCM16 mono at 16 kHz, and where its words are. */
export interface SpeechClip {
  readonly pcm: Uint8Array;
  readonly words: readonly TimedWord[];
}

/** Keeps the clips that were used last, within a bound of audio bytes; the one unused longest goes first. */
export class ClipCache {
  readonly #maxBytes: number;
  readonly #clips = new Map<string, SpeechClip>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): SpeechClip | undefined {
    const clip = this.#clips.get(key);
    if (clip !== undefined) {
      this.#clips.delete(key); // a Map keeps the order of insertion: put it back as the youngest
      this.#clips.set(key, clip);
    }
    return clip;
  }

  set(key: string, clip: SpeechClip): void {
    this.#delete(key);
    this.#clips.set(key, clip);
    this.#bytes += clip.pcm.byteLength;
    for (const oldest of this.#clips.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#delete(oldest);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  #delete(key: string): void {
    this.#bytes -= this.#clips.get(key)?.pcm.byteLength ?? 0;
    this.#clips.delete(key);
  }
}
