import { bytesPerMsAt, FrameCutter } from '../../shared/audio/pcm.ts';

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

/** The caller's audio on its way to the service, in messages of 40 ms. Beyond 30 s the oldest of what waits is dropped. */
export class OutgoingAudio {
  readonly #options: OutgoingAudioOptions;
  readonly #bytesPerMs: number;
  readonly #cutter: FrameCutter;
  readonly #waiting: Buffer[] = [];
  #droppedBytes = 0;

  constructor(options: OutgoingAudioOptions) {
    this.#options = options;
    this.#bytesPerMs = bytesPerMsAt(options.rateHz);
    this.#cutter = new FrameCutter(MESSAGE_MS * this.#bytesPerMs);
  }

  /** Audio that was given and never sent. */
  get droppedMs(): number {
    return Math.round(this.#droppedBytes / this.#bytesPerMs);
  }

  /** Takes audio of any length; it may change afterwards. */
  write(pcm: Uint8Array): void {
    this.#cutter.write(pcm, (message) => this.#keep(message));
    this.flush();
  }

  /** Sends what waits, as far as the far side takes it. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#options.hasRoom()) {
      const message = this.#waiting.shift();
      if (message) this.#options.send(message.toString('base64'));
    }
  }

  #keep(message: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push(Buffer.from(message.buffer));
    if (this.#waiting.length * MESSAGE_MS <= MAX_WAITING_MS) return;
    this.#droppedBytes += this.#waiting.shift()?.length ?? 0;
  }
}
