import { dbfsOf, rmsOf } from '../../shared/audio/pcm.ts';

/** A block this quiet holds no words. */
const QUIET_DBFS = -50;
/** Blocks kept in front of the first one that is not quiet. Words begin softly, and recognisers mishear without a lead-in. */
const LEAD_IN_BLOCKS = 6;

interface Block {
  readonly startByte: number;
  readonly audio: Uint8Array;
}

/**
 * The audio that a recogniser has been given and has not yet turned into final words, so that it can be given again.
 * Positions are bytes since the first byte ever written. Bounded: beyond `maxBytes` the oldest audio is given up.
 */
export class AudioBacklog {
  readonly #maxBytes: number;
  #blocks: Block[] = [];
  #endByte = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get endByte(): number {
    return this.#endByte;
  }

  /** Keeps a block; it must not change any more. Returns how many bytes had to be given up for it. */
  append(audio: Uint8Array): number {
    this.#blocks.push({ startByte: this.#endByte, audio });
    this.#endByte += audio.length;
    let dropped = 0;
    while (this.#endByte - this.#startByte > this.#maxBytes) dropped += this.#blocks.shift()?.audio.length ?? 0;
    return dropped;
  }

  /** Lets go of everything before a position: its words are final. */
  discardBefore(byte: number): void {
    while ((this.#blocks[1]?.startByte ?? this.#endByte) <= byte && this.#blocks.length > 0) this.#blocks.shift();
    const first = this.#blocks[0];
    if (!first || first.startByte >= byte) return;
    const evenBytes = (byte - first.startByte) & ~1;
    this.#blocks[0] = { startByte: first.startByte + evenBytes, audio: first.audio.subarray(evenBytes) };
  }

  /** What a new recogniser has to hear: all that is kept, without the quiet before it. Lets go of that quiet. */
  replay(): { readonly startByte: number; readonly audio: readonly Uint8Array[] } {
    const firstLoud = this.#blocks.findIndex(({ audio }) => dbfsOf(rmsOf(audio)) > QUIET_DBFS);
    const from = firstLoud === -1 ? this.#blocks.length : firstLoud;
    this.#blocks = this.#blocks.slice(Math.max(0, from - LEAD_IN_BLOCKS));
    return { startByte: this.#startByte, audio: this.#blocks.map(({ audio }) => audio) };
  }

  clear(): void {
    this.#blocks = [];
  }

  get #startByte(): number {
    return this.#blocks[0]?.startByte ?? this.#endByte;
  }
}
