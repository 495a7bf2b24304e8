export interface PlaybackReport {
  /** Loudness of what was played since the last report, 0 to 1. */
  readonly level: number;
  readonly playing: boolean;
  readonly bufferedMs: number;
  /** How often playback ran dry in the middle of speech. */
  readonly underruns: number;
  /** Audio thrown away because far too much was waiting. */
  readonly droppedMs: number;
}

/** Playback begins when this much has arrived, or when this much time went by since its first piece. */
const START_MS = 60;
/** A gap longer than this is a pause of the speaker, not a fault of the line. */
const UNDERRUN_MS = 300;
/** More than this is waiting only where the server does not pace; the oldest is dropped. */
const LIMIT_MS = 60_000;
/** Playback that is cleared fades this long, so that it stops without a click. */
const FADE_MS = 5;

/**
 * The jitter buffer between the socket and the loudspeaker. It runs on the audio thread: {@link pull} is called for each
 * block of the sound card, and its blocks are the only clock here.
 */
export class PlaybackBuffer {
  readonly #sampleRate: number;
  readonly #pieces: Float32Array[] = [];
  #offset = 0;
  #waiting = 0;
  #state: 'empty' | 'gathering' | 'playing' = 'empty';
  #gathered = 0;
  /** Samples since playback ran dry; infinite when it was cleared or has never played. */
  #drySamples = Number.POSITIVE_INFINITY;
  #fading = false;
  #underruns = 0;
  #dropped = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  get playing(): boolean {
    return this.#state === 'playing';
  }

  get bufferedMs(): number {
    return this.#ms(this.#waiting);
  }

  get underruns(): number {
    return this.#underruns;
  }

  get droppedMs(): number {
    return this.#ms(this.#dropped);
  }

  push(piece: Float32Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    this.#fading = false;
    while (this.#waiting > this.#samples(LIMIT_MS)) this.#dropped += this.#discardOldest();
    if (this.#state !== 'empty') return;
    this.#state = 'gathering';
    this.#gathered = 0;
    if (this.#drySamples < this.#samples(UNDERRUN_MS)) this.#underruns += 1;
  }

  /** Drops all that waits. The last few milliseconds are kept, faded out. */
  clear(): void {
    const tail = new Float32Array(this.playing ? Math.min(this.#samples(FADE_MS), this.#waiting) : 0);
    this.#take(tail);
    this.#pieces.length = 0;
    this.#offset = 0;
    this.#waiting = 0;
    this.#drySamples = Number.POSITIVE_INFINITY;
    this.#fading = tail.length > 0;
    if (tail.length === 0) {
      this.#state = 'empty';
      return;
    }
    this.#pieces.push(tail.map((sample, i) => sample * (1 - (i + 1) / tail.length)));
    this.#waiting = tail.length;
  }

  /** Fills `block` with the next samples, or silence. */
  pull(block: Float32Array): void {
    if (this.#state === 'gathering') this.#gather(block.length);
    if (this.#state !== 'playing') {
      block.fill(0);
      this.#drySamples += block.length;
      return;
    }
    const taken = this.#take(block);
    block.fill(0, taken);
    if (this.#waiting > 0) return;
    this.#state = 'empty';
    this.#drySamples = this.#fading ? Number.POSITIVE_INFINITY : 0;
  }

  #gather(blockLength: number): void {
    this.#gathered += blockLength;
    const enough = this.#samples(START_MS);
    if (this.#waiting >= enough || this.#gathered >= enough) this.#state = 'playing';
  }

  #take(target: Float32Array): number {
    let taken = 0;
    while (taken < target.length) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const part = piece.subarray(this.#offset, this.#offset + target.length - taken);
      target.set(part, taken);
      taken += part.length;
      this.#offset += part.length;
      if (this.#offset < piece.length) continue;
      this.#pieces.shift();
      this.#offset = 0;
    }
    this.#waiting -= taken;
    return taken;
  }

  #discardOldest(): number {
    const piece = this.#pieces.shift();
    const length = piece === undefined ? 0 : piece.length - this.#offset;
    this.#offset = 0;
    this.#waiting -= length;
    return length;
  }

  #samples(ms: number): number {
    return Math.round((ms * this.#sampleRate) / 1000);
  }

  #ms(samples: number): number {
    return (samples * 1000) / this.#sampleRate;
  }
}
