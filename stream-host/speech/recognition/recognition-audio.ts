/** Takes audio. `false` where it can take none at present. */
export type AudioSink = (pcm: Uint8Array) => boolean;

/**
 * Audio for one recogniser, kept until there is a connection to send it on, and from then on sent on at once. The SDK's
 * own push stream cuts it into pieces of 100 ms, each of which costs as much as a longer one, and keeps it all for a
 * replay. What waits has no bound of its own: its owner gives a connection a few seconds, and then closes this.
 */
export class RecognitionAudio {
  readonly #waiting: Uint8Array[] = [];
  #sink: AudioSink | undefined;
  #refused: (() => void) | undefined;
  #closed = false;

  /** PCM16 mono 16 kHz of any length, which must not change any more. */
  write(pcm: Uint8Array): void {
    if (this.#closed || this.#sink?.(pcm)) return;
    this.#waiting.push(pcm);
    this.#leave();
  }

  /** Gives all audio to a sink, from what waits to what will be written, until the sink takes no more. */
  pour(sink: AudioSink): Promise<void> {
    this.#leave();
    for (let pcm = this.#waiting[0]; pcm; pcm = this.#waiting[0]) {
      if (!sink(pcm)) return Promise.resolve();
      this.#waiting.shift();
    }
    this.#sink = sink;
    return new Promise((resolve) => {
      this.#refused = resolve;
    });
  }

  /** Forgets what waits, and takes nothing any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#leave();
  }

  #leave(): void {
    this.#sink = undefined;
    this.#refused?.();
    this.#refused = undefined;
  }
}
