import { type AudioRate, FRAME_MS, frameBytesAt, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { Utterance } from '../contract/mouth.ts';

/** Sent audio that a hold may want back: more than any lead. */
const KEPT_SENT_FRAMES = 64;

/**
 * One turn's way to the caller's ear. Written by the turn's task; emptied by the {@link Playout}. Audio stays in the
 * pieces in which it came until it is sent: seconds of it wait, and a view for each 20 ms would be most of the host's
 * long-lived garbage.
 */
export class PlayoutTurn implements Utterance {
  readonly turn: number;
  readonly #maxBufferedMs: number;
  readonly #onChange: () => void;
  readonly #frameBytes: number;
  /** What is not sent yet, and before it the newest of what was, should it have to be sent again. */
  readonly #pieces: Uint8Array[] = [];
  /** The piece in which the next frame begins, and where in it. */
  #piece = 0;
  #offset = 0;
  #waitingBytes = 0;
  /** Sent bytes that are still kept. */
  #keptBytes = 0;
  #sentFrames = 0;
  #audible = false;
  #ended = false;
  #cut = false;
  #roomWaiter: (() => void) | undefined;

  constructor(turn: number, maxBufferedMs: number, onChange: () => void, rateHz: AudioRate = SAMPLE_RATE) {
    this.turn = turn;
    this.#frameBytes = frameBytesAt(rateHz);
    this.#maxBufferedMs = maxBufferedMs;
    this.#onChange = onChange;
  }

  get sentMs(): number {
    return this.#sentFrames * FRAME_MS;
  }

  /** All whole frames of the turn so far, sent or waiting. */
  get writtenMs(): number {
    return this.sentMs + this.#bufferedMs;
  }

  get hasFrame(): boolean {
    return this.#waitingBytes >= this.#frameBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds audio (PCM16 mono, any length), which must not change any more. Ignored once the turn was cut. */
  write(pcm: Uint8Array): void {
    if (this.#cut || this.#ended || pcm.length === 0) return;
    this.#pieces.push(pcm);
    this.#waitingBytes += pcm.length;
    this.#onChange();
  }

  /** No more audio follows. The last frame is filled up with silence. */
  end(): void {
    if (this.#cut || this.#ended) return;
    const beyond = this.#waitingBytes % this.#frameBytes;
    if (beyond > 0) {
      this.#pieces.push(new Uint8Array(this.#frameBytes - beyond));
      this.#waitingBytes += this.#frameBytes - beyond;
    }
    this.#ended = true;
    this.#onChange();
  }

  /** Resolves when more audio may be written; at once when the turn was cut. Bounded by real time: the line drains. */
  async room(): Promise<void> {
    while (!this.#cut && this.#bufferedMs > this.#maxBufferedMs) {
      await new Promise<void>((resolve) => {
        this.#roomWaiter = resolve;
      });
    }
  }

  get isAudible(): boolean {
    return this.#audible;
  }

  /** True once, when the first frame is there to be sent. */
  isFirstHeard(): boolean {
    if (this.#audible || !this.hasFrame) return false;
    this.#audible = true;
    return true;
  }

  /** The next whole frames that are there, in one piece of memory: at least one and at most so many. */
  nextFrames(most: number): Uint8Array | undefined {
    const count = Math.min(most, Math.floor(this.#waitingBytes / this.#frameBytes));
    if (count < 1) return;
    const bytes = count * this.#frameBytes;
    const frames = this.#take(bytes);
    this.#waitingBytes -= bytes;
    this.#keptBytes += bytes;
    this.#sentFrames += count;
    this.#forgetOldest();
    if (this.#bufferedMs <= this.#maxBufferedMs) this.#releaseWaiter();
    return frames;
  }

  /** The newest frames sent are not sent after all: the far side dropped them unheard. */
  takeBack(frames: number): void {
    const bytes = Math.min(frames, Math.floor(this.#keptBytes / this.#frameBytes)) * this.#frameBytes;
    this.#waitingBytes += bytes;
    this.#keptBytes -= bytes;
    this.#sentFrames -= bytes / this.#frameBytes;
    this.#offset -= bytes;
    while (this.#offset < 0) {
      this.#piece -= 1;
      this.#offset += this.#pieces[this.#piece]?.length ?? 0;
    }
  }

  cut(): void {
    this.#cut = true;
    this.#pieces.length = 0;
    this.#piece = 0;
    this.#offset = 0;
    this.#waitingBytes = 0;
    this.#keptBytes = 0;
    this.#releaseWaiter();
  }

  get #bufferedMs(): number {
    return Math.floor(this.#waitingBytes / this.#frameBytes) * FRAME_MS;
  }

  /** The next bytes: a view of the one piece that they lie in, or put together from several. */
  #take(bytes: number): Uint8Array {
    const within = this.#pieces[this.#piece];
    if (within && this.#offset + bytes <= within.length) {
      const taken = within.subarray(this.#offset, this.#offset + bytes);
      this.#advance(bytes, within);
      return taken;
    }
    const taken = new Uint8Array(bytes);
    for (let filled = 0; filled < bytes; ) {
      const piece = this.#pieces[this.#piece];
      if (!piece) break;
      const part = piece.subarray(this.#offset, this.#offset + bytes - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#advance(part.length, piece);
    }
    return taken;
  }

  #advance(bytes: number, piece: Uint8Array): void {
    this.#offset += bytes;
    if (this.#offset < piece.length) return;
    this.#offset = 0;
    this.#piece += 1;
  }

  /** Lets go of pieces once so much was sent after them that no hold can want them back. */
  #forgetOldest(): void {
    let oldest = this.#pieces[0];
    while (oldest && this.#piece > 0 && this.#keptBytes - oldest.length >= KEPT_SENT_FRAMES * this.#frameBytes) {
      this.#pieces.shift();
      this.#piece -= 1;
      this.#keptBytes -= oldest.length;
      oldest = this.#pieces[0];
    }
  }

  #releaseWaiter(): void {
    this.#roomWaiter?.();
    this.#roomWaiter = undefined;
  }
}
