export interface OutgoingAudioOptions {
  readonly rateHz: number;
  /** Whether the far side takes audio now. */
  readonly hasRoom: () => boolean;
  /** Sends one `input_audio_buffer.append`. */
  readonly send: (base64: string) => void;
}

/** A message for each frame of 20 ms costs twice as much as one for two of them. */
const MESSAGE_MS = 40;
/**
 * What waits while the service is not ready or takes nothing. What a caller was saying to a session that broke is given to
 * the next one all at once, faster than a network takes it. A service that takes nothing for so long is gone before.
 */
const MAX_WAITING_MS = 30_000;
const BYTES_PER_SAMPLE = 2;

/** The caller's audio on its way to the service, in messages of 40 ms. Beyond 30 s the oldest of what waits is dropped. */
export class OutgoingAudio {
  readonly #options: OutgoingAudioOptions;
  readonly #bytesPerMs: number;
  readonly #messageBytes: number;
  readonly #waiting: Buffer[] = [];
  #next: Buffer;
  #filled = 0;
  #droppedBytes = 0;

  constructor(options: OutgoingAudioOptions) {
    this.#options = options;
    this.#bytesPerMs = (options.rateHz * BYTES_PER_SAMPLE) / 1000;
    this.#messageBytes = MESSAGE_MS * this.#bytesPerMs;
    this.#next = Buffer.allocUnsafe(this.#messageBytes);
  }

  /** Audio that was given and never sent. */
  get droppedMs(): number {
    return Math.round(this.#droppedBytes / this.#bytesPerMs);
  }

  /** Takes audio of any length; it may change afterwards. */
  write(pcm: Uint8Array): void {
    for (let at = 0; at < pcm.length; ) {
      const taken = Math.min(this.#messageBytes - this.#filled, pcm.length - at);
      this.#next.set(pcm.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#messageBytes) this.#keep();
    }
    this.flush();
  }

  /** Sends what waits, as far as the far side takes it. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#options.hasRoom()) {
      const message = this.#waiting.shift();
      if (message) this.#options.send(message.toString('base64'));
    }
  }

  #keep(): void {
    this.#waiting.push(this.#next);
    this.#next = Buffer.allocUnsafe(this.#messageBytes);
    this.#filled = 0;
    if (this.#waiting.length * MESSAGE_MS <= MAX_WAITING_MS) return;
    this.#droppedBytes += this.#waiting.shift()?.length ?? 0;
  }
}
